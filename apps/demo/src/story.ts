import { ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import { deviceKeyOf } from '@test/support/clients';
import { Fleet, TwinContent } from './fleet';
import { Narrator, expectEqual } from './narrator';
import { printTimeline } from './timeline';

/** The SDK does not export the type of what it takes. */
type IndividualEnrollment = Parameters<ProvisioningServiceClient['createOrUpdateIndividualEnrollment']>[0];

const DEVICE = 'thermostat-1';
const GROUP = 'line-7';
const GROUP_DEVICES = ['line-7-press', 'line-7-oven', 'line-7-robot'];

const initialTwin = { tags: { site: 'factory' }, properties: { desired: { interval: 60 } } };
const asInitial: TwinContent = { tags: { site: 'factory' }, desired: { interval: 60 }, reported: {} };
const asLived: TwinContent = { tags: { site: 'paris' }, desired: { interval: 10 }, reported: { firmware: '1.4' } };

interface Keys {
  readonly primaryKey: string;
}

/** Enroll, register, live, move under each policy, and ask why: every step is checked, a wrong one throws. */
export async function tellStory(fleet: Fleet, narrator: Narrator): Promise<void> {
  const [hubA = '', hubB = ''] = fleet.hubs;
  narrator.heading('Enroll and register');
  const { primaryKey: key } = await enroll(fleet, narrator, hubA);
  await first(fleet, narrator, key, hubA);
  await enrollGroup(fleet, narrator);
  narrator.heading('Live at the hub');
  await live(fleet, narrator, key, hubA);
  narrator.heading('Move under each policy');
  await migrate(fleet, narrator, key, hubA, hubB);
  await reset(fleet, narrator, key, hubB, hubA);
  await never(fleet, narrator, key, hubA, hubB);
  narrator.heading('Why is it there?');
  await why(fleet, narrator, hubA);
}

async function enroll(fleet: Fleet, narrator: Narrator, hub: string): Promise<Keys> {
  return narrator.tell(`administrator creates the individual enrollment ${DEVICE}, on ${hub}`, async () => {
    const { responseBody } = await fleet.service.createOrUpdateIndividualEnrollment({
      registrationId: DEVICE,
      attestation: { type: 'symmetricKey' },
      allocationPolicy: 'static',
      iotHubs: [hub],
      initialTwin,
    } as unknown as IndividualEnrollment);
    return keysIn(responseBody);
  });
}

function keysIn(enrollment: { attestation: object }): Keys {
  const keys = (enrollment.attestation as { symmetricKey?: Keys }).symmetricKey;
  if (keys === undefined) throw new Error('the enrollment came without its keys');
  return keys;
}

async function first(fleet: Fleet, narrator: Narrator, key: string, hub: string): Promise<void> {
  const assigned = await narrator.tell(`${DEVICE} asks where it belongs`, () => fleet.register(DEVICE, key));
  expectEqual('assigned hub and substatus', assigned, { hub, substatus: 'initialAssignment' });
  expectEqual('twin after the first assignment', await fleet.twin(hub, DEVICE), asInitial);
  narrator.line(`→ ${hub}, with the initial twin of its enrollment`);
}

async function enrollGroup(fleet: Fleet, narrator: Narrator): Promise<void> {
  const { primaryKey } = await narrator.tell(`administrator creates the enrollment group ${GROUP}, hubs by weight`, async () => {
    const { responseBody } = await fleet.service.createOrUpdateEnrollmentGroup({
      enrollmentGroupId: GROUP,
      attestation: { type: 'symmetricKey' },
      initialTwin,
    } as never);
    return keysIn(responseBody);
  });
  for (const id of GROUP_DEVICES) {
    const { hub } = await narrator.tell(`${id} asks where it belongs, with a key derived from its group's`, () =>
      fleet.register(id, deviceKeyOf(primaryKey, id)),
    );
    expectEqual(`${id} at its hub`, await fleet.has(hub, id), true);
    narrator.line(`→ ${hub}`);
  }
}

async function live(fleet: Fleet, narrator: Narrator, key: string, hub: string): Promise<void> {
  await narrator.tell(`a back end sets tags.site and desired.interval at ${hub}`, () =>
    fleet.registry(hub).updateTwin(DEVICE, { tags: { site: 'paris' }, properties: { desired: { interval: 10 } } }, '*'),
  );
  await narrator.tell(`${DEVICE} reports its firmware`, () => fleet.report(hub, DEVICE, key, { firmware: '1.4' }));
  expectEqual('twin after some life', await fleet.twin(hub, DEVICE), asLived);
}

async function changeEnrollment(
  fleet: Fleet,
  narrator: Narrator,
  hub: string,
  policy: string,
  reprovisionPolicy: object,
): Promise<void> {
  await narrator.tell(`administrator changes the enrollment: ${hub}, policy ${policy}`, async () => {
    const { responseBody } = await fleet.service.getIndividualEnrollment(DEVICE);
    await fleet.service.createOrUpdateIndividualEnrollment({
      ...responseBody,
      iotHubs: [hub],
      reprovisionPolicy,
    } as IndividualEnrollment);
  });
}

async function migrate(fleet: Fleet, narrator: Narrator, key: string, from: string, to: string): Promise<void> {
  await changeEnrollment(fleet, narrator, to, 'migrate', { updateHubAssignment: true, migrateDeviceData: true });
  const assigned = await narrator.tell(`${DEVICE} asks again`, () => fleet.register(DEVICE, key));
  expectEqual('after migrate', assigned, { hub: to, substatus: 'deviceDataMigrated' });
  expectEqual('twin after migrate', await fleet.twin(to, DEVICE), asLived);
  expectEqual(`${DEVICE} still at ${from}`, await fleet.has(from, DEVICE), false);
  narrator.line(`→ ${to}; its twin went along, ${from} has forgotten it`);
}

async function reset(fleet: Fleet, narrator: Narrator, key: string, from: string, to: string): Promise<void> {
  await changeEnrollment(fleet, narrator, to, 'reset', { updateHubAssignment: true, migrateDeviceData: false });
  const assigned = await narrator.tell(`${DEVICE} asks again`, () => fleet.register(DEVICE, key));
  expectEqual('after reset', assigned, { hub: to, substatus: 'deviceDataReset' });
  expectEqual('twin after reset', await fleet.twin(to, DEVICE), asInitial);
  expectEqual(`${DEVICE} still at ${from}`, await fleet.has(from, DEVICE), false);
  narrator.line(`→ ${to}; it starts again from the initial twin`);
}

async function never(fleet: Fleet, narrator: Narrator, key: string, stays: string, other: string): Promise<void> {
  await changeEnrollment(fleet, narrator, other, 'never', { updateHubAssignment: false, migrateDeviceData: false });
  const { hub } = await narrator.tell(`${DEVICE} asks again`, () => fleet.register(DEVICE, key));
  expectEqual('after never', hub, stays);
  expectEqual(`${DEVICE} at ${other}`, await fleet.has(other, DEVICE), false);
  narrator.line(`→ ${stays}; it stays, although the enrollment now lists ${other}`);
}

async function why(fleet: Fleet, narrator: Narrator, hub: string): Promise<void> {
  const types = await printTimeline(fleet, narrator, DEVICE);
  for (const type of ['AssignmentStarted', 'TwinMigrated', 'TwinReset', 'DeviceDeregistered', 'DeviceAssigned']) {
    expectEqual(`the timeline has ${type}`, types.includes(type), true);
  }
  const devices = (await fleet.ask(`/hubs/${hub}/devices`)) as { items: unknown[] };
  narrator.line('');
  narrator.line(`${hub} has ${devices.items.length} of the demo's devices now.`);
}
