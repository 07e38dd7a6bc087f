import { AmqpRefusal } from './refusal';
import type { TpmKeys } from './tpm-mechanism';

/** Who a device says it is, and by what it can be believed. */
export interface DeviceClaim {
  readonly idScope: string;
  readonly registrationId: string;
  /** A SAS token; absent for a device that showed a certificate in the TLS handshake. */
  readonly authorization: string | undefined;
  readonly tpm?: TpmKeys;
}

export type SaslStep =
  | { readonly challenge: Buffer }
  /** To be checked. */
  | { readonly claim: DeviceClaim }
  /** Whoever the certificate of the TLS handshake says; the links name the device. */
  | { readonly certificate: true };

/** One authentication: told the initial response, then the response to each challenge. */
export interface SaslMechanism {
  /** Errors: `AmqpRefusal`. */
  respond(response: Buffer): SaslStep | Promise<SaslStep>;
}

const REGISTRATION = /^([^/]+)\/registrations\/([^/]+)$/i;

/** `{scope}/registrations/{id}`; undefined for anything else. */
export function parseRegistrationPath(path: string): { readonly idScope: string; readonly registrationId: string } | undefined {
  const [, idScope, registrationId] = REGISTRATION.exec(path) ?? [];
  return idScope === undefined || registrationId === undefined ? undefined : { idScope, registrationId };
}

/** PLAIN (RFC 4616): the user name is `{scope}/registrations/{id}`, the password a SAS token. */
export const plainMechanism: SaslMechanism = {
  respond(response) {
    const [, userName = '', password, ...more] = response.toString('utf8').split('\0');
    const named = parseRegistrationPath(userName);
    if (named === undefined || password === undefined || more.length > 0) {
      throw new AmqpRefusal('credentials', 'the PLAIN response has not the documented form');
    }
    return { claim: { ...named, authorization: password } };
  },
};

/** ANONYMOUS and EXTERNAL say nothing themselves: they leave it to the certificate. */
export const certificateMechanism: SaslMechanism = { respond: () => ({ certificate: true }) };
