import { fold } from '@app/event-sourcing';
import { RegistrationCommand, registrationDecider } from './registration.decider';
import { CarriedTwin, RegistrationEvent } from './registration.events';
import { RegisterOverrides, instantOf, register, stepsOf } from './testing/commands';

const migrate = { updateHubAssignment: true, migrateDeviceData: true };
const reset = { updateHubAssignment: true, migrateDeviceData: false };
const never = { updateHubAssignment: false, migrateDeviceData: true };
const at = instantOf(500);

const after = (events: readonly RegistrationEvent[], ...commands: readonly RegistrationCommand[]): readonly RegistrationEvent[] =>
  commands.reduce((all, command) => [...all, ...registrationDecider.decide(command, fold(registrationDecider, all))], events);

/** The registration decided, and carried out. */
function registered(overrides: RegisterOverrides, before: readonly RegistrationEvent[]): readonly RegistrationEvent[] {
  const events = after(before, register(overrides));
  const state = fold(registrationDecider, events);
  return state.status === 'assigning' ? after(events, ...stepsOf(state)) : events;
}

const onHubA = registered({ operationId: 'op-0', entry: { iotHubs: ['hub-a'] } }, []);
const send = (hub: string, restores?: string): RegistrationCommand => {
  const destination = restores === undefined ? { campaignId: 'c-1', hub } : { campaignId: 'c-2', hub, restores };
  return { type: 'SetDestination', destination, at };
};
const sentToHubB = after(onHubA, send('hub-b'));
const next = (events: readonly RegistrationEvent[], overrides: RegisterOverrides): RegistrationEvent | undefined =>
  registrationDecider.decide(
    register({ ...overrides, entry: { iotHubs: ['hub-a'], ...overrides.entry } }),
    fold(registrationDecider, events),
  )[0];
const moved = (policy: typeof migrate): readonly RegistrationEvent[] =>
  registered({ operationId: 'op-1', entry: { iotHubs: ['hub-a'], reprovisionPolicy: policy } }, sentToHubB);

describe('a device that a campaign sends to a hub', () => {
  test.each([
    ['migrate', migrate, { action: 'migrate', from: 'hub-a', to: 'hub-b' }],
    ['reset', reset, { action: 'reset', from: 'hub-a', to: 'hub-b' }],
    ['never', never, { action: 'keep', to: 'hub-a' }],
  ])('goes there as its policy %s says, whatever its enrollment lists', (_, reprovisionPolicy, plan) => {
    expect(next(sentToHubB, { operationId: 'op-1', entry: { reprovisionPolicy } })).toMatchObject({
      type: 'AssignmentStarted',
      data: { plan, grounds: { allocation: { destination: { campaignId: 'c-1', hub: 'hub-b', followed: true } } } },
    });
  });

  test('says in its grounds which campaign it was', () => {
    expect(next(sentToHubB, { operationId: 'op-1', entry: { reprovisionPolicy: migrate } })).toMatchObject({
      data: { grounds: { allocation: { reason: 'campaign c-1 sends the device to hub-b' } } },
    });
    expect(next(sentToHubB, { operationId: 'op-1', entry: { reprovisionPolicy: never } })).toMatchObject({
      data: { grounds: { reason: expect.stringContaining('though campaign c-1 wants it on hub-b') as string } },
    });
  });

  test('stays there at its next registrations, until the destination is cleared', () => {
    const arrived = moved(migrate);
    expect(next(arrived, { operationId: 'op-2' })).toMatchObject({ data: { plan: { action: 'keep', to: 'hub-b' } } });
    const released = after(arrived, { type: 'ClearDestination', campaignId: 'c-1', at });
    expect(next(released, { operationId: 'op-2', entry: { reprovisionPolicy: migrate } })).toMatchObject({
      data: { plan: { action: 'migrate', from: 'hub-b', to: 'hub-a' } },
    });
  });

  test('is allocated as always when the hub cannot take it, and the grounds say so', () => {
    expect(next(after(onHubA, send('hub-x')), { operationId: 'op-1', entry: { reprovisionPolicy: migrate } })).toMatchObject({
      data: {
        plan: { action: 'keep', to: 'hub-a' },
        grounds: {
          allocation: {
            destination: { campaignId: 'c-1', hub: 'hub-x', followed: false },
            reason: expect.stringContaining('campaign c-1 wants hub-x, which cannot take the device') as string,
          },
        },
      },
    });
  });

  test('is told once; another campaign has the last word, and the first can take nothing back then', () => {
    expect(after(sentToHubB, send('hub-b'))).toEqual(sentToHubB);
    const sentOn = after(sentToHubB, send('hub-a', 'op-1'));
    expect(sentOn).toHaveLength(sentToHubB.length + 1);
    expect(after(sentOn, { type: 'ClearDestination', campaignId: 'c-1', at })).toEqual(sentOn);
  });

  test('must be registered', () => {
    expect(() => after([], send('hub-b'))).toThrow('it is not registered');
  });
});

describe('a campaign undone', () => {
  const goesBack = { plan: { action: 'migrate', from: 'hub-b', to: 'hub-a', restores: 'op-1' } };

  test.each([
    ['migrate', migrate],
    ['reset', reset],
  ])('brings a device back under %s, with the twin that it had', (_, policy) => {
    const undone = after(moved(policy), send('hub-a', 'op-1'));
    expect(next(undone, { operationId: 'op-2', entry: { reprovisionPolicy: policy } })).toMatchObject({ data: goesBack });
    const back = registered({ operationId: 'op-2', entry: { iotHubs: ['hub-a'], reprovisionPolicy: policy } }, undone);
    expect(next(back, { operationId: 'op-3', entry: { reprovisionPolicy: policy } })).toMatchObject({
      data: { plan: { action: 'keep', to: 'hub-a' }, grounds: { reason: 'is back on hub-a, as it was before the campaign' } },
    });
  });

  test('a device that never moved stays where it is', () => {
    const undone = after(onHubA, send('hub-a', 'op-1'));
    expect(next(undone, { operationId: 'op-2', entry: { reprovisionPolicy: reset } })).toMatchObject({
      data: { plan: { action: 'keep', to: 'hub-a' } },
    });
  });

  test('the log keeps what the device had instead', () => {
    const undone = after(
      moved(migrate),
      send('hub-a', 'op-1'),
      register({ operationId: 'op-2', entry: { reprovisionPolicy: migrate } }),
    );
    const section = { values: {}, version: 3, metadata: null };
    const twin: CarriedTwin = { tags: { old: true }, desired: section, reported: section };
    const replaced = { twin: { ...twin, tags: { old: false } }, modules: null };
    const step = { type: 'RecordTwinMigrated', operationId: 'op-2', twin, complete: true, sourceTag: 't', replaced, at } as const;
    expect(after(undone, step).at(-1)).toMatchObject({ type: 'TwinMigrated', data: { to: 'hub-a', twin, replaced } });
  });
});
