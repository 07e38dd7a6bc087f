import { EnrollmentEntry } from '../../enrollments/enrollment.events';
import { HubFact } from '../allocation';
import { Register } from '../assignment.rules';
import { RegistrationCommand } from '../registration.decider';
import { Assigning } from '../registration.state';

/** Builders for tests of registrations: a complete command from what the test is about. */

const sealed = { sealed: 'v1.sealed', fingerprint: 'f' };

export const instantOf = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

export type EntryOverrides = Partial<Omit<EnrollmentEntry, 'iotHubs'>> & { readonly iotHubs?: readonly string[] | null };

export function entry({ iotHubs, ...overrides }: EntryOverrides = {}): EnrollmentEntry {
  return {
    kind: 'individual',
    id: 'dev-1',
    deviceId: null,
    attestation: { type: 'symmetricKey', primaryKey: sealed, secondaryKey: sealed },
    capabilities: { iotEdge: false },
    iotHubHostName: null,
    initialTwin: { tags: { site: 'factory' }, desired: { interval: 60 } },
    provisioningStatus: 'enabled',
    reprovisionPolicy: null,
    allocationPolicy: null,
    iotHubs: iotHubs === undefined || iotHubs === null ? null : [...iotHubs],
    customAllocationDefinition: null,
    optionalDeviceInformation: null,
    ...overrides,
  };
}

export interface RegisterOverrides {
  readonly operationId?: string;
  readonly apiVersion?: string;
  readonly entry?: EntryOverrides;
  readonly enrollmentRevision?: string;
  readonly linked?: readonly string[];
  readonly at?: string;
  readonly hubs?: readonly HubFact[];
  readonly region?: Register['region'];
  readonly webhook?: Register['webhook'];
}

export function register(overrides: RegisterOverrides = {}): Register {
  return {
    type: 'Register',
    operationId: overrides.operationId ?? 'op-1',
    registrationId: 'dev-1',
    at: overrides.at ?? instantOf(1),
    request: { apiVersion: overrides.apiVersion ?? '2019-03-31', clientVersion: 'client/1', transport: 'https', payload: null },
    attestation: { type: 'symmetricKey', key: 'primary', x509: null, tpm: null },
    enrollment: {
      kind: overrides.entry?.kind ?? 'individual',
      revision: overrides.enrollmentRevision ?? '0',
      entry: entry(overrides.entry),
    },
    hubs: {
      revision: '1',
      defaultPolicy: 'hashed',
      linked:
        overrides.hubs ??
        (overrides.linked ?? ['hub-a', 'hub-b']).map((hostName) => ({
          hostName,
          allocationWeight: 1,
          applyAllocationPolicy: true,
        })),
    },
    region: overrides.region ?? null,
    webhook: overrides.webhook ?? null,
  };
}

/** What the process manager sends, in order, when every hub does as it is told. */
export function stepsOf(state: Assigning, at = instantOf(2)): readonly RegistrationCommand[] {
  const { operationId, plan } = state;
  const finish = (outcome: 'created' | 'unchanged' | 'moved'): RegistrationCommand => ({
    type: 'CompleteAssignment',
    operationId,
    outcome,
    generationId: 'gen-2',
    at,
  });
  const recorded = { status: 'enabled', statusReason: null, generationId: 'gen-1' } as const;
  const record: RegistrationCommand = { type: 'RecordStatus', operationId, recorded, at };
  const section = { values: {}, version: 2, metadata: null };
  const twin = { tags: {}, desired: section, reported: section };
  switch (plan.action) {
    case 'create':
      return [finish('created')];
    case 'keep':
      return [finish('unchanged')];
    case 'migrate':
      return [record, { type: 'RecordTwinMigrated', operationId, twin, complete: true, sourceTag: 'tag', at }, finish('moved')];
    case 'reset':
      return [record, { type: 'RecordTwinReset', operationId, at }, finish('moved')];
  }
}
