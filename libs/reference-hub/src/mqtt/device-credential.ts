import { CLOCK_SKEW_MS, hasExpired, parseSasToken, SasToken } from '@app/attestation';
import { deviceTokenProblem } from '../access/hub-access';
import { Proof } from '../connections/device-session';
import { Hub } from '../hub';
import { Device } from '../devices/device.state';

/** What a client shows at CONNECT. */
export interface Shown {
  readonly deviceId: string;
  readonly password: string | undefined;
  /** SHA-1 and SHA-256 of the client certificate in lower-case hexadecimal; undefined when there is none. */
  readonly fingerprints: readonly string[] | undefined;
}

/** `expiresAtMs`: when the token ends, skew included; undefined for a certificate. Reasons are for the log alone. */
export type Credential =
  | { readonly kind: 'good'; readonly proof: Proof; readonly expiresAtMs: number | undefined }
  | { readonly kind: 'refused'; readonly reason: string };

const refused = (reason: string): Credential => ({ kind: 'refused', reason });

/** Everything about a credential that can be told without the device; `proof` tells the rest. */
export function credentialOf(hub: Hub, { deviceId, password, fingerprints }: Shown): Credential {
  if (password !== undefined && password !== '') return tokenCredential(hub, deviceId, password);
  if (fingerprints === undefined) return refused('neither a token nor a client certificate');
  return { kind: 'good', proof: (device) => thumbprintProblem(device, fingerprints), expiresAtMs: undefined };
}

function tokenCredential(hub: Hub, deviceId: string, password: string): Credential {
  const verdict = hub.access.judge(password, `/devices/${encodeURIComponent(deviceId)}`, hub.clock());
  const parsed = parseSasToken(password);
  const expiresAtMs = parsed.parsed ? parsed.token.expiresAtMs + CLOCK_SKEW_MS : undefined;
  switch (verdict.kind) {
    case 'refused':
      return refused(verdict.reason);
    case 'policy':
      if (!verdict.policy.rights.includes('DeviceConnect')) return refused('the policy does not grant DeviceConnect');
      return { kind: 'good', proof: () => undefined, expiresAtMs };
    case 'device':
      if (verdict.deviceId !== deviceId) return refused('the token is for another device');
      return { kind: 'good', proof: (device) => tokenProblem(hub, verdict.token, device), expiresAtMs };
  }
}

function tokenProblem(hub: Hub, token: SasToken, device: Device): string | undefined {
  if (hasExpired(token, hub.clock())) return 'the token has expired';
  return deviceTokenProblem(token, hub.keysOf(device));
}

/** A thumbprint pins one certificate, whose key the TLS handshake has proven; its dates and its issuer do not matter then. */
function thumbprintProblem({ credentials }: Device, fingerprints: readonly string[]): string | undefined {
  if (credentials.type !== 'selfSigned') return 'the device does not prove itself by a self-signed certificate';
  const { primaryThumbprint, secondaryThumbprint } = credentials;
  const pinned = [primaryThumbprint, secondaryThumbprint].filter((print) => print !== '').map((print) => print.toLowerCase());
  return fingerprints.some((print) => pinned.includes(print))
    ? undefined
    : 'the certificate fits neither thumbprint of the device';
}
