import { HubRefused } from './hub-gateway';

/** A hub's final answer to one call. */
export interface HubAnswer {
  readonly status: number;
  /** The parsed JSON body; undefined when there is none. */
  readonly body: unknown;
  /** The word after `ErrorCode:`, such as `DeviceNotFound`. */
  readonly errorCode: string | undefined;
  /** An attempt before this one may have had its effect, so a refusal may be our own doing. */
  readonly repeated: boolean;
  /** Where the next page begins, for calls answered in pages; absent on the last one. */
  readonly continuation?: string;
}

const EXPLANATION_CHARACTERS_MAX = 200;
/** Keys, thumbprints and signatures that a hub may quote from the request; ids, with their dashes, stay. */
const SECRET_LOOKING = /[A-Za-z0-9+/]{20,}={0,2}/g;

/** Error words by the numbers that newer hubs send instead. */
const errorWords: Readonly<Record<string, string>> = {
  '400004': 'ArgumentInvalid',
  '401002': 'IotHubUnauthorizedAccess',
  '404001': 'DeviceNotFound',
  '404103': 'DeviceNotOnline',
  '409001': 'DeviceAlreadyExists',
  '412001': 'PreconditionFailed',
  '504101': 'GatewayTimeout',
};

/** The error word of a refusal: in the text after `ErrorCode:`, in a header, or as a number inside (possibly nested) JSON. */
export function errorCodeOf(text: string, header: string | string[] | undefined): string | undefined {
  const word = /\bErrorCode:\s*(\w{1,64})/.exec(text)?.[1];
  if (word !== undefined) return word;
  if (typeof header === 'string' && /^\w{1,64}$/.test(header)) return header;
  const number = /errorCode\\*"\s*:\s*(\d{6})\b/.exec(text)?.[1];
  return number === undefined ? undefined : errorWords[number];
}

export function parsedBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A refusal as the port says it; the hub's explanation is cut and cleared of everything that looks like a key. */
export function refusal(hostName: string, answer: HubAnswer): HubRefused {
  const explanation = explanationOf(answer.body).replace(SECRET_LOOKING, '…').slice(0, EXPLANATION_CHARACTERS_MAX);
  const code = answer.errorCode === undefined ? '' : ` ${answer.errorCode}`;
  const message = `HTTP ${answer.status}${code}${explanation === '' ? '' : `: ${explanation}`}`;
  return new HubRefused(hostName, answer.status, answer.errorCode, message);
}

function explanationOf(body: unknown): string {
  if (typeof body !== 'object' || body === null) return '';
  const { Message, message } = body as { Message?: unknown; message?: unknown };
  const text = typeof Message === 'string' ? Message : typeof message === 'string' ? message : '';
  return text.replace(/^ErrorCode:\w+;/, '').trim();
}
