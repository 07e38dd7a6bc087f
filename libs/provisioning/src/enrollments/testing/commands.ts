import { RequestedAttestation } from '../attestation.rules';
import { EnrollmentCommand, GeneratedKeys, RequestedEntry } from '../enrollment.decider';
import { EnrollmentEntry, EnrollmentEvent } from '../enrollment.events';

/** Builders for tests of enrollments: complete commands from what the test is about. */

export const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

/** Sealed anew every time, as the real box does: only the fingerprint is equal for equal keys. */
let sealings = 0;
export const seal = (key: string) => ({ sealed: `v1.${++sealings}`, fingerprint: `fingerprint of ${key}` });

export const generated = (name = 'generated'): GeneratedKeys => ({
  primaryKey: seal(`${name} primary`),
  secondaryKey: seal(`${name} secondary`),
});

export const noKeys: RequestedAttestation = { type: 'symmetricKey', primaryKey: null, secondaryKey: null };

export function requested(overrides: Partial<RequestedEntry> = {}): RequestedEntry {
  return {
    kind: 'individual',
    id: 'dev-1',
    deviceId: null,
    attestation: noKeys,
    capabilities: { iotEdge: false },
    iotHubHostName: null,
    initialTwin: null,
    provisioningStatus: 'enabled',
    reprovisionPolicy: null,
    allocationPolicy: null,
    iotHubs: null,
    customAllocationDefinition: null,
    optionalDeviceInformation: null,
    ...overrides,
  };
}

export const create = (
  overrides: Partial<RequestedEntry> = {},
  keys = generated(),
): Extract<EnrollmentCommand, { type: 'CreateEnrollment' }> => ({
  type: 'CreateEnrollment',
  entry: requested(overrides),
  generated: keys,
  at: at(1),
});

export const update = (overrides: Partial<RequestedEntry> = {}, ifMatch: 'unconditional' | bigint = 'unconditional') =>
  ({
    type: 'UpdateEnrollment',
    entry: requested(overrides),
    ifMatch: typeof ifMatch === 'bigint' ? { revision: ifMatch } : ifMatch,
    at: at(2),
  }) satisfies EnrollmentCommand;

const keys = generated('stored');
export const storedEntry: EnrollmentEntry = {
  ...requested(),
  customAllocationDefinition: null,
  attestation: { type: 'symmetricKey', ...keys },
};

export const created = (overrides: Partial<EnrollmentEntry> = {}): EnrollmentEvent => ({
  type: 'EnrollmentCreated',
  data: { entry: { ...storedEntry, ...overrides }, at: at(0) },
});

/** One client certificate. */
export const x509 = (certificate: string) =>
  ({
    type: 'x509',
    clientCertificates: { primary: { certificate }, secondary: null },
    signingCertificates: null,
    caReferences: null,
  }) as const;
