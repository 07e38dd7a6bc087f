import { setTimeout as sleep } from 'node:timers/promises';
import { OperationAnswer, reportProperties } from '@test/support/clients';
import { DeviceCalls, Enrolled } from '@test/support/device-calls';
import { Reading, Told, violations } from '@test/support/invariants';
import { RunningService, TwinContent, startService, twinAt } from '@test/support/running-service';
import { asReading, readDevice } from './readings';

type Action = 'create' | 'migrate' | 'reset' | 'resetInPlace';

interface Case {
  readonly action: Action;
  /** The service kills itself right after this step. */
  readonly point: string;
  /** Steps that recovery takes again: each is idempotent, so that nothing is changed twice. */
  readonly again: readonly string[];
  /** An operator had disabled the device at its old hub. */
  readonly disabled?: true;
}

const fromFence = ['move:recorded', 'move:placed', 'move:logged', 'move:deleted', 'move:enabled'];
const fromDeletion = ['move:deleted', 'move:enabled'];
const moves = (['migrate', 'reset'] as const).flatMap((action): Case[] => [
  { action, point: 'move:recorded', again: ['move:fenced', ...fromFence] },
  { action, point: 'move:fenced', again: fromFence },
  { action, point: 'move:placed', again: fromFence },
  { action, point: 'move:logged', again: fromDeletion },
  { action, point: 'move:deleted', again: fromDeletion },
  { action, point: 'move:enabled', again: fromDeletion },
]);
const cases: readonly Case[] = [
  ...moves,
  { action: 'migrate', point: 'move:deleted', again: fromDeletion, disabled: true },
  { action: 'resetInPlace', point: 'move:logged', again: ['move:deleted', 'move:placed'] },
  { action: 'resetInPlace', point: 'move:deleted', again: ['move:placed'] },
  { action: 'resetInPlace', point: 'move:placed', again: ['move:placed'] },
  { action: 'create', point: 'create:placed', again: [] },
];

const idOf = ({ action, point, disabled }: Case): string =>
  [action, ...point.split(':'), ...(disabled ? ['disabled'] : [])].join('-').toLowerCase();

const initialTwin = { tags: { site: 'factory' }, properties: { desired: { interval: 60, limits: { low: 1 } } } };
const asInitial = { tags: initialTwin.tags, desired: initialTwin.properties.desired, reported: {} };
const life = { tags: { site: 'Łódź', floor: 2 }, properties: { desired: { interval: null, limits: { high: 9 } } } };
const reports = { firmware: '1.4', sensors: { t: 21.5 } };
const asLived = { tags: life.tags, desired: { limits: { low: 1, high: 9 } }, reported: reports };

const outcomes = {
  create: { substatus: 'initialAssignment', events: [] },
  migrate: { substatus: 'deviceDataMigrated', events: ['DeviceStatusRecorded', 'TwinMigrated', 'DeviceDeregistered'] },
  reset: { substatus: 'deviceDataReset', events: ['DeviceStatusRecorded', 'TwinReset', 'DeviceDeregistered'] },
  resetInPlace: { substatus: 'deviceDataReset', events: ['DeviceStatusRecorded', 'TwinReset'] },
} as const;

const POLLS_MAX = 2_000;
const POLL_PAUSE_MS = 10;

let service: RunningService;
const devices = new Map<string, Enrolled>();
const before = new Map<string, TwinContent>();
const told: Told[] = [];
const readings: Reading[] = [];
const disabled = cases.filter((each) => each.disabled).map(idOf);

/** Kills the service at the next case's step; the steps that the recovery of the case before takes again are let pass once. */
function armed(index: number): Record<string, string> {
  const point = cases[index]?.point;
  const nth = point !== undefined && cases[index - 1]?.again.includes(point) ? 2 : 1;
  // A register call answers before its assignment has begun, so that the device knows its operation when the service dies.
  const env = { REHOME_REGISTER_WAIT_MS: '0', REHOME_LOG_LEVEL: 'warn' };
  return point === undefined ? env : { ...env, REHOME_FAILPOINTS: `${point}:${nth}`, REHOME_ALLOW_FAILPOINTS: '1' };
}

/** A device that lives at the first hub, and an enrollment that wants something else of it now. */
async function prepare(each: Case): Promise<void> {
  const calls = new DeviceCalls(service);
  const [first, second] = service.hubs;
  const common = { initialTwin, allocationPolicy: 'static', iotHubs: [first] };
  const device = await calls.enroll(common, idOf(each));
  const { registrationId } = device;
  devices.set(registrationId, device);
  if (each.action === 'create') return;
  const { operationId } = await calls.register(device);
  told.push(toldBy(registrationId, await settle(calls, device, operationId)));
  const registry = service.registry(first);
  await registry.updateTwin(registrationId, life, '*');
  await reportProperties(service.endpoint, first, registrationId, device.key, reports);
  if (each.disabled) {
    const { responseBody: identity } = await registry.get(registrationId);
    await registry.update(Object.assign(identity, { status: 'disabled', statusReason: 'under repair' } as const));
  }
  const lived = await twinAt(registry, registrationId);
  expect(contentOf(lived)).toEqual(asLived);
  if (lived !== undefined) before.set(registrationId, lived);
  const iotHubs = [each.action === 'resetInPlace' ? first : second];
  const reprovisionPolicy = { updateHubAssignment: true, migrateDeviceData: each.action === 'migrate' };
  const { responseBody: entry } = await service.administrator.getIndividualEnrollment(registrationId);
  await service.administrator.createOrUpdateIndividualEnrollment({ ...entry, iotHubs, reprovisionPolicy });
}

function prepared(index: number): { each: Case; device: Enrolled } {
  const each = cases[index];
  const device = each === undefined ? undefined : devices.get(idOf(each));
  if (each === undefined || device === undefined) throw new Error(`case ${index} was not prepared`);
  return { each, device };
}

/** Polls as the device does, while everybody reads what it is, until the operation has ended. */
async function settle(calls: DeviceCalls, device: Enrolled, operationId: string): Promise<OperationAnswer> {
  for (let poll = 0; poll < POLLS_MAX; poll++) {
    const answer = (await calls.poll(device, operationId)).json() as OperationAnswer;
    if (answer.status !== 'assigning') return answer;
    readings.push(...(await readDevice(calls, device)));
    await sleep(POLL_PAUSE_MS);
  }
  throw new Error(`${operationId} does not end`);
}

function contentOf(twin: TwinContent | undefined): object | undefined {
  return twin && { tags: twin.tags, desired: twin.desired, reported: twin.reported };
}

function toldBy(registrationId: string, { operationId, registrationState }: OperationAnswer): Told {
  const { assignedHub: hub, substatus } = registrationState as { assignedHub: string; substatus: string };
  return { registrationId, operationId, hub, substatus };
}

async function lastOperation(registrationId: string): Promise<string[]> {
  const answer = await service.manage('GET', `/devices/${registrationId}/history?twin=false&order=asc&limit=100`);
  const types = (answer.json() as { items: readonly { type: string }[] }).items.map(({ type }) => type);
  return types.slice(types.lastIndexOf('AssignmentStarted'));
}

beforeAll(async () => {
  service = await startService(armed(0));
  for (const each of cases) await prepare(each);
});
afterAll(() => service.close());

describe('kill -9 in the middle of an assignment, then a start on the same data', () => {
  test.each(
    cases.map((each, index) => [each.action, each.disabled ? 'a disabled device' : 'a device', each.point, index] as const),
  )('%s of %s, killed at %s', async (action, _what, _point, index) => {
    const { each, device } = prepared(index);
    const { registrationId } = device;
    const accepted = await new DeviceCalls(service).register(device);
    expect(accepted.status).toBe('assigning');
    readings.push(asReading(registrationId, 'the register call', accepted.registrationState as never));
    await expect(service.process.ended).resolves.toBe('SIGKILL');

    service = await service.restart(armed(index + 1));

    const calls = new DeviceCalls(service);
    const answer = await settle(calls, device, accepted.operationId);
    told.push(toldBy(registrationId, answer));
    readings.push(...(await readDevice(calls, device)));
    const [first, second] = service.hubs;
    const hub = action === 'migrate' || action === 'reset' ? second : first;
    const { substatus, events } = outcomes[action];
    expect(answer).toMatchObject({
      status: 'assigned',
      registrationState: { assignedHub: hub, deviceId: registrationId, substatus },
    });
    const twin = await twinAt(service.registry(hub), registrationId);
    expect(contentOf(twin)).toEqual(action === 'migrate' ? asLived : asInitial);
    const lived = action === 'migrate' ? before.get(registrationId) : undefined;
    expect(twin?.desiredVersion).toBe(lived?.desiredVersion ?? 1);
    expect(twin?.reportedVersion).toBe(lived?.reportedVersion ?? 1);
    expect(await lastOperation(registrationId)).toEqual(['AssignmentStarted', ...events, 'DeviceAssigned']);
    const { responseBody: identity } = await service.registry(hub).get(registrationId);
    const expected = each.disabled ? { status: 'disabled', statusReason: 'under repair' } : { status: 'enabled' };
    expect(identity).toMatchObject(expected);
    expect(await violations(service, { told, readings, disabled })).toEqual([]);
  });
});
