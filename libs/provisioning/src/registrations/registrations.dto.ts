import { JsonObject } from '@app/event-sourcing';
import { DpsError } from '../shared/dps-error';
import { RequestContext } from '../shared/request-context';
import { PresentedTpm, parsePresentedTpm } from './presented-tpm';
import { deviceApiVersions, isDeviceApiVersion } from './api-version';

/** At most 128 characters, letters, digits and `-._:`, ending in a letter, digit or dash (wire contract §4.3). */
const REGISTRATION_ID = /^[a-z0-9][a-z0-9._:-]{0,126}[a-z0-9-]$|^[a-z0-9]$/i;
/** What is kept of a client's description of itself. */
const CLIENT_VERSION_CHARACTERS_MAX = 256;

/** Whatever a device presents to prove who it is; which of it counts, its enrollment decides. */
export interface PresentedCredentials {
  /** A SAS token, as an `Authorization` header has it. */
  readonly authorization: string | undefined;
  /** The certificates of the TLS handshake in DER, leaf first, as sent; TLS has proven possession of the leaf's key. */
  readonly certificates: readonly Buffer[];
  /** Null for a device that names no TPM, and in requests that carry none. */
  readonly tpm: PresentedTpm | null;
}

/** As much of a call as says who wants to prove what. */
export type PresentingDevice = Pick<DeviceCall, 'registrationId' | 'presented'> & {
  readonly client: Pick<DeviceCall['client'], 'transport'>;
};

/** A device's request on any transport, checked for form but not yet for who sends it. */
export interface DeviceCall {
  readonly registrationId: string;
  readonly presented: PresentedCredentials;
  readonly client: {
    readonly idScope: string;
    readonly apiVersion: string;
    readonly clientVersion: string | null;
    readonly transport: 'https' | 'mqtt' | 'amqp';
  };
  /** The address that the connection came from; null where the transport does not know it. */
  readonly remoteAddress: string | null;
  readonly context: RequestContext;
}

export interface RawDeviceCall {
  readonly idScope: string | undefined;
  readonly registrationId: string | undefined;
  readonly apiVersion: unknown;
  readonly clientVersion: string | undefined;
  readonly presented: PresentedCredentials;
  readonly correlationId: string;
  readonly transport: DeviceCall['client']['transport'];
  readonly remoteAddress?: string | undefined;
}

/** Errors: `DpsError` 400004 for a malformed id and for a missing or unknown api-version. */
export function parseDeviceCall(raw: RawDeviceCall): DeviceCall {
  const { idScope = '', registrationId = '', apiVersion, clientVersion, presented, correlationId, transport } = raw;
  if (typeof apiVersion !== 'string' || !isDeviceApiVersion(apiVersion)) {
    throw DpsError.badRequest(`api-version is missing or not supported; supported are ${deviceApiVersions.join(', ')}`);
  }
  if (!REGISTRATION_ID.test(registrationId)) {
    throw DpsError.badRequest(
      'the registration id must have 1 to 128 letters, digits or -._: and must start with a letter or digit and end with one or a dash',
    );
  }
  const described = clientVersion?.slice(0, CLIENT_VERSION_CHARACTERS_MAX) ?? null;
  return {
    registrationId,
    presented,
    client: { idScope, apiVersion: apiVersion.toLowerCase(), clientVersion: described, transport },
    remoteAddress: raw.remoteAddress ?? null,
    context: { actor: { kind: 'device', name: registrationId.toLowerCase() }, correlationId },
  };
}

export interface DeviceRegistration {
  readonly payload: JsonObject | null;
  readonly tpm: PresentedTpm | null;
}

/** The call with the TPM that its body names, if it does. */
export function presentingTpm(call: DeviceCall, tpm: PresentedTpm | null): DeviceCall {
  return tpm === null ? call : { ...call, presented: { ...call.presented, tpm } };
}

/** The body of R1 and R3 (DeviceRegistration). Errors: `DpsError` 400004. */
export function parseDeviceRegistration(body: unknown, registrationId: string): DeviceRegistration {
  if (!isObject(body)) throw DpsError.badRequest('the body must be a JSON object');
  const named = body.registrationId;
  if (named !== undefined && (typeof named !== 'string' || named.toLowerCase() !== registrationId.toLowerCase())) {
    throw DpsError.badRequest('registrationId in the body is not the one in the path');
  }
  const { payload } = body;
  const tpm = parsePresentedTpm(body.tpm);
  if (payload === undefined || payload === null) return { payload: null, tpm };
  if (!isObject(payload)) throw DpsError.badRequest('payload must be a JSON object');
  return { payload: payload as JsonObject, tpm };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
