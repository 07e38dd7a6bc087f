import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allocate } from '@app/provisioning/registrations/allocation';
import { deviceKeyOf, registerDevice, registerRaw, reportProperties } from '@test/support/clients';
import { RunningService, startService, twinAt } from '@test/support/running-service';

interface Policy {
  readonly updateHubAssignment: boolean;
  readonly migrateDeviceData: boolean;
}

interface Row {
  readonly id: string;
  readonly given: {
    readonly enrollment: 'individual' | 'group';
    readonly reprovisionPolicy: Policy | null;
    readonly apiVersion: string;
    readonly previousHub: string | null;
    readonly allocationYields: string;
    readonly previousHubStillListed: boolean | null;
  };
  readonly expect: {
    readonly hub: string;
    readonly substatus: string;
    readonly twin: {
      readonly tags: object;
      readonly desired: object;
      readonly reported: object;
      readonly desiredVersion: number;
      readonly reportedVersion: number;
    };
    readonly deviceAtHubA: 'present' | 'absent';
    readonly eventsInOrder: readonly string[];
    readonly eventsAbsent: readonly string[];
    readonly effectivePolicy: string;
  };
}

interface Matrix {
  readonly fixture: { readonly initialTwin: object; readonly backEndPatch: object; readonly deviceReports: object };
  readonly rows: readonly Row[];
}

const { fixture, rows } = JSON.parse(readFileSync(join(__dirname, '../fixtures/reprovisioning-matrix.json'), 'utf8')) as Matrix;

/** The version that the unmodified SDK sends; devices of other ages are played by plain requests. */
const SDK_VERSION = '2019-03-31';

let service: RunningService;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'error' });
});
afterAll(() => service.close());

const hubNamed = (name: string): string => service.hubs[name === 'hub-a' ? 0 : 1];

/** An id whose hash falls on the wanted hub while both are listed. */
function idFor(index: number, wanted: string): string {
  const linked = service.hubs.map((hostName) => ({ hostName, allocationWeight: 1, applyAllocationPolicy: true }));
  for (let n = 0; ; n++) {
    const registrationId = `row-${index}-${n}`;
    if (allocate({ registrationId, policy: 'hashed', linked, listed: service.hubs }).chosen === wanted) return registrationId;
  }
}

interface Enrollment {
  /** The device's own key. */
  readonly key: string;
  save(iotHubs: readonly string[], allocationPolicy: 'static' | 'hashed', reprovisionPolicy: Policy | null): Promise<void>;
  remove(): Promise<void>;
}

interface Keys {
  readonly symmetricKey: { readonly primaryKey: string };
}

async function enroll(kind: Row['given']['enrollment'], registrationId: string, first: object): Promise<Enrollment> {
  const { administrator } = service;
  const common = { attestation: { type: 'symmetricKey' }, initialTwin: fixture.initialTwin, ...first };
  if (kind === 'individual') {
    const { responseBody } = await administrator.createOrUpdateIndividualEnrollment({ registrationId, ...common } as never);
    return {
      key: (responseBody.attestation as unknown as Keys).symmetricKey.primaryKey,
      save: async (iotHubs, allocationPolicy, reprovisionPolicy) => {
        const { responseBody: before } = await administrator.getIndividualEnrollment(registrationId);
        const policy = reprovisionPolicy === null ? {} : { reprovisionPolicy };
        await administrator.createOrUpdateIndividualEnrollment({ ...before, iotHubs, allocationPolicy, ...policy } as never);
      },
      remove: async () => {
        await administrator.deleteIndividualEnrollment(registrationId);
      },
    };
  }
  const enrollmentGroupId = `group-of-${registrationId}`;
  const { responseBody } = await administrator.createOrUpdateEnrollmentGroup({ enrollmentGroupId, ...common } as never);
  return {
    key: deviceKeyOf((responseBody.attestation as unknown as Keys).symmetricKey.primaryKey, registrationId),
    save: async (iotHubs, allocationPolicy, reprovisionPolicy) => {
      const { responseBody: before } = await administrator.getEnrollmentGroup(enrollmentGroupId);
      const policy = reprovisionPolicy === null ? {} : { reprovisionPolicy };
      await administrator.createOrUpdateEnrollmentGroup({ ...before, iotHubs, allocationPolicy, ...policy } as never);
    },
    remove: async () => {
      await administrator.deleteEnrollmentGroup(enrollmentGroupId);
    },
  };
}

async function register(registrationId: string, key: string, apiVersion: string): Promise<{ hub: unknown; substatus: unknown }> {
  const device = { idScope: service.facts.idScope, registrationId, key };
  const { endpoint, host } = service;
  if (apiVersion === SDK_VERSION) {
    const result = await registerDevice(endpoint, host, device);
    return { hub: result.assignedHub, substatus: (result as { substatus?: string }).substatus };
  }
  const { registrationState } = await registerRaw(endpoint, host, device, apiVersion);
  return { hub: registrationState.assignedHub, substatus: registrationState.substatus };
}

interface TimelineEvent {
  readonly type: string;
  readonly data: { readonly grounds?: { readonly policy: { readonly effective: string } } };
}

/** The events of the last operation. */
async function lastOperation(registrationId: string): Promise<readonly TimelineEvent[]> {
  const answer = await service.manage('GET', `/devices/${registrationId}/history?twin=false&order=asc&limit=100`);
  const { items } = answer.json() as { items: readonly TimelineEvent[] };
  return items.slice(items.findLastIndex((event) => event.type === 'AssignmentStarted'));
}

describe('the reprovisioning matrix, over the wire', () => {
  test.concurrent.each(rows.map((row, index) => [row.id, index, row] as const))(
    '%s',
    async (_id, index, { given, expect: expected }) => {
      const { apiVersion, reprovisionPolicy, previousHub } = given;
      const target = hubNamed(given.allocationYields);
      const registrationId = idFor(index, target);
      const staysListed = previousHub !== null && previousHub !== given.allocationYields && given.previousHubStillListed === true;
      const now = staysListed
        ? ({ iotHubs: [...service.hubs], allocationPolicy: 'hashed' } as const)
        : ({ iotHubs: [target], allocationPolicy: 'static' } as const);
      const first = previousHub === null ? now : ({ iotHubs: [hubNamed(previousHub)], allocationPolicy: 'static' } as const);
      const policyAtFirst = previousHub === null && reprovisionPolicy !== null ? { reprovisionPolicy } : {};
      const enrollment = await enroll(given.enrollment, registrationId, { ...first, ...policyAtFirst });
      if (previousHub !== null) {
        const hub = hubNamed(previousHub);
        expect((await register(registrationId, enrollment.key, apiVersion)).hub).toBe(hub);
        await service.registry(hub).updateTwin(registrationId, fixture.backEndPatch, '*');
        await reportProperties(service.endpoint, hub, registrationId, enrollment.key, fixture.deviceReports);
        await enrollment.save(now.iotHubs, now.allocationPolicy, reprovisionPolicy);
      }

      const assigned = await register(registrationId, enrollment.key, apiVersion);

      const hub = hubNamed(expected.hub);
      expect(assigned).toEqual({ hub, substatus: expected.substatus });
      const { desiredVersion, reportedVersion, ...content } = expected.twin;
      const twin = await twinAt(service.registry(hub), registrationId);
      expect(twin).toMatchObject(content);
      expect(twin?.reported).toEqual(content.reported);
      const carried = expected.substatus === 'deviceDataMigrated';
      if (carried) {
        expect(twin?.desiredVersion).toBeGreaterThanOrEqual(desiredVersion);
        expect(twin?.reportedVersion).toBeGreaterThanOrEqual(reportedVersion);
      } else expect(twin).toMatchObject({ desiredVersion, reportedVersion });
      const atHubA = await twinAt(service.registry(hubNamed('hub-a')), registrationId);
      expect(atHubA === undefined ? 'absent' : 'present').toBe(expected.deviceAtHubA);
      const other = service.hubs.find((name) => name !== hub) ?? '';
      expect(await twinAt(service.registry(other), registrationId)).toBeUndefined();

      const events = await lastOperation(registrationId);
      const types = events.map((event) => event.type);
      expect(types.filter((type) => expected.eventsInOrder.includes(type))).toEqual(expected.eventsInOrder);
      for (const absent of expected.eventsAbsent) expect(types).not.toContain(absent);
      expect(events[0]?.data.grounds?.policy.effective).toBe(expected.effectivePolicy);
      await enrollment.remove();
    },
  );
});
