/** The one filter that devices subscribe to at the provisioning service. */
export const RESPONSES = '$dps/registrations/res/#';

export type ProvisioningRequest =
  | { readonly type: 'register'; readonly requestId: string }
  | { readonly type: 'operation'; readonly requestId: string; readonly operationId: string };

const REQUEST_ID_CHARACTERS_MAX = 128;
const REQUEST = /^\$dps\/registrations\/(?:PUT\/(iotdps-register)|GET\/(iotdps-get-operationstatus))\/\?(.*)$/i;

/** Undefined for every topic but the documented ones, a request without `$rid` included: it could not be answered. */
export function parseRequestTopic(topic: string): ProvisioningRequest | undefined {
  const match = REQUEST.exec(topic);
  if (match === null) return undefined;
  const [, register, , query = ''] = match;
  const properties = parseProperties(query);
  const requestId = properties.get('$rid') ?? '';
  if (requestId === '' || requestId.length > REQUEST_ID_CHARACTERS_MAX) return undefined;
  if (register !== undefined) return { type: 'register', requestId };
  return { type: 'operation', requestId, operationId: decoded(properties.get('operationid') ?? '') };
}

/** `$rid` comes directly after the question mark, where some clients look for it, as the device wrote it. */
export function responseTopic(status: number, requestId: string, retryAfterS: number | undefined): string {
  const retryAfter = retryAfterS === undefined ? '' : `&retry-after=${retryAfterS}`;
  return `$dps/registrations/res/${status}/?$rid=${requestId}${retryAfter}`;
}

export interface ProvisioningUserName {
  readonly idScope: string;
  readonly registrationId: string;
  readonly apiVersion: string | undefined;
  readonly clientVersion: string | undefined;
}

const API_VERSION = /^([^/]+)\/registrations\/([^/]+)\/(api-version=.*)$/i;
const USER_NAME_CHARACTERS_MAX = 2048;

/** `{scope}/registrations/{id}/api-version=…&ClientVersion=…`; undefined for anything else. */
export function parseUserName(userName: string): ProvisioningUserName | undefined {
  const match = userName.length > USER_NAME_CHARACTERS_MAX ? null : API_VERSION.exec(userName);
  if (match === null) return undefined;
  const [, idScope = '', registrationId = '', query = ''] = match;
  const properties = parseProperties(query);
  const clientVersion = properties.get('clientversion');
  return {
    idScope: decoded(idScope),
    registrationId: decoded(registrationId),
    apiVersion: properties.get('api-version'),
    clientVersion: clientVersion === undefined ? undefined : decoded(clientVersion),
  };
}

/** Names in lower case, values as written; of a name that comes twice the first counts. */
function parseProperties(query: string): ReadonlyMap<string, string> {
  const properties = new Map<string, string>();
  for (const part of query.split('&')) {
    const [name = '', ...value] = part.split('=');
    const key = name.toLowerCase();
    if (!properties.has(key)) properties.set(key, value.join('='));
  }
  return properties;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
