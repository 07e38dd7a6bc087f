import { HubEvent, LinkedHub, hubCodec, linkedHubsStream } from '../hubs/hub.events';
import { individualEnrollmentStream } from '../enrollments/enrollment.events';
import { recordedEnrollment } from '../read-models/testing/recorded';
import { entry, instantOf } from '../registrations/testing/commands';
import { enrollmentChanges, hubChanges } from './changes';

const at = instantOf(1);
const secret = { sealed: 'v1.sealed', fingerprint: 'f' };

test('changes of an enrollment are told against what it said before; keys are no reason to move', () => {
  const moved = entry({ iotHubs: ['hub-b'], allocationPolicy: 'static' });
  const policy = { updateHubAssignment: true, migrateDeviceData: false };
  const events = recordedEnrollment(individualEnrollmentStream('dev-1'), [
    { type: 'EnrollmentCreated', data: { entry: entry(), at } },
    { type: 'EnrollmentUpdated', data: { entry: moved, at } },
    { type: 'EnrollmentKeyRegenerated', data: { key: 'primary', secret, at } },
    { type: 'EnrollmentPolicyUpdated', data: { reprovisionPolicy: policy, at } },
    { type: 'EnrollmentDisabled', data: { at } },
    { type: 'EnrollmentEnabled', data: { at } },
    {
      type: 'EnrollmentUpdated',
      data: { entry: { ...moved, reprovisionPolicy: policy, deviceId: 'pump-7', iotHubs: null }, at },
    },
    { type: 'EnrollmentDeleted', data: { at } },
  ]);
  expect(enrollmentChanges(events).map(({ revision, what }) => [revision, what])).toEqual([
    ['0', ['created it']],
    ['1', ['made the hubs it lists hub-b', 'made its allocation policy static']],
    ['3', ['made its reprovision policy reset']],
    ['4', ['disabled it']],
    ['5', ['enabled it']],
    ['6', ['left the choice of hubs to the instance', 'made its device id pump-7']],
    ['7', ['deleted it']],
  ]);
});

const linked: LinkedHub = {
  hostName: 'hub-a',
  connectionString: secret,
  location: 'westeurope',
  allocationWeight: 1,
  applyAllocationPolicy: true,
  cordoned: false,
  draining: false,
  capacity: null,
};

test.each<[Partial<LinkedHub>, readonly string[]]>([
  [{ draining: true }, ['began to drain hub-a']],
  [{ cordoned: true, capacity: 5 }, ['cordoned hub-a', 'limited hub-a to 5 devices']],
  [
    { allocationWeight: 9, location: 'eastus' },
    ['changed the weight of hub-a from 1 to 9', 'changed the location of hub-a to eastus'],
  ],
  [{ applyAllocationPolicy: false }, ['took hub-a out of allocation']],
  [{ connectionString: { sealed: 'v1.other', fingerprint: 'g' } }, []],
])('of linked hubs: %j', (change, what) => {
  const events: readonly HubEvent[] = [
    { type: 'HubLinked', data: { hub: linked, at } },
    { type: 'LinkedHubUpdated', data: { hub: { ...linked, ...change }, at } },
    { type: 'LinkedHubUpdated', data: { hub: linked, at } },
    { type: 'HubUnlinked', data: { hostName: 'hub-a', at } },
  ];
  const metadata = { actor: { kind: 'operator', name: 'ann' }, correlationId: 'c', causationId: 'c' } as const;
  const recorded = events.map((event, index) => {
    const place = { stream: linkedHubsStream, revision: BigInt(index), position: String(index + 1), recordedAt: at };
    return { ...hubCodec.encode(event, `id-${index}`, metadata), ...place };
  });
  const changes = hubChanges(recorded);
  expect(changes[0]).toEqual({ revision: '0', at, actor: metadata.actor, what: ['linked hub-a'] });
  expect(changes.find(({ revision }) => revision === '1')?.what ?? []).toEqual(what);
  expect(changes.some(({ revision }) => revision === '2')).toBe(what.length > 0);
  expect(changes.at(-1)?.what).toEqual(['unlinked hub-a']);
});
