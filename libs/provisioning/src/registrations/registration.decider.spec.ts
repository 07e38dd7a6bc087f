import fc from 'fast-check';
import { fold } from '@app/event-sourcing';
import { sentTwiceChangesNothing, specification } from '@app/event-sourcing/specification';
import { Register } from './assignment.rules';
import { RegistrationCommand, registrationDecider } from './registration.decider';
import { RegistrationEvent } from './registration.events';
import { RegisterOverrides, instantOf, register, stepsOf } from './testing/commands';

const given = specification(registrationDecider);

const migrate = { updateHubAssignment: true, migrateDeviceData: true };
const reset = { updateHubAssignment: true, migrateDeviceData: false };
const never = { updateHubAssignment: false, migrateDeviceData: true };

/** A registration and all that follows at the hubs. */
function registered(overrides: RegisterOverrides, before: readonly RegistrationEvent[] = []): readonly RegistrationEvent[] {
  const events = [...before, ...registrationDecider.decide(register(overrides), fold(registrationDecider, before))];
  const state = fold(registrationDecider, events);
  for (const step of state.status === 'assigning' ? stepsOf(state) : []) {
    events.push(...registrationDecider.decide(step, fold(registrationDecider, events)));
  }
  return events;
}

const onHubA = registered({ operationId: 'op-0', entry: { iotHubs: ['hub-a'] } });
const movingToHubB = [...onHubA, ...registrationDecider.decide(toHubB(), fold(registrationDecider, onHubA))];

function toHubB(overrides: RegisterOverrides = {}): Register {
  return register({ ...overrides, entry: { iotHubs: ['hub-b'], reprovisionPolicy: migrate, ...overrides.entry } });
}

const decided = (events: readonly RegistrationEvent[], command: RegistrationCommand): readonly RegistrationEvent[] =>
  registrationDecider.decide(command, fold(registrationDecider, events));

describe('a device that was never here', () => {
  test('is assigned to the hub that allocation yields, with its grounds', () => {
    expect(decided([], register({ entry: { iotHubs: ['hub-b'] } }))).toMatchObject([
      {
        type: 'AssignmentStarted',
        data: {
          deviceId: 'dev-1',
          plan: { action: 'create', to: 'hub-b' },
          initialTwin: { tags: { site: 'factory' }, desired: { interval: 60 } },
          grounds: {
            apiVersion: '2019-03-31',
            clientVersion: 'client/1',
            enrollment: { kind: 'individual', id: 'dev-1', revision: '0' },
            policy: { effective: 'migrate', saved: null },
            allocation: {
              policy: 'hashed',
              policySource: 'instance',
              chosen: 'hub-b',
              candidates: [{ hub: 'hub-b', weight: 1 }],
            },
            previousHub: null,
            reason: 'first assignment, to hub-b',
          },
        },
      },
    ]);
  });

  test('fails with 400208 when there is no hub for it, and the grounds say why', () => {
    expect(decided([], register({ linked: [] }))).toMatchObject([
      { type: 'AssignmentFailed', data: { errorCode: 400208, hub: null, grounds: { allocation: { chosen: null } } } },
    ]);
  });

  test('is known at the hub by the id that its enrollment gives it', () => {
    expect(decided([], register({ entry: { deviceId: 'Pump-7' } }))).toMatchObject([{ data: { deviceId: 'Pump-7' } }]);
  });

  test('is refused when its enrollment is disabled', () => {
    expect(decided([], register({ entry: { provisioningStatus: 'disabled' } }))).toMatchObject([
      { type: 'RegistrationDisabled' },
    ]);
  });
});

describe('a device on its way', () => {
  test('joins the operation that is under way', () =>
    given(movingToHubB)
      .when(register({ operationId: 'op-9' }))
      .thenNothing());

  test('cannot have its registration deleted', () => {
    given(movingToHubB)
      .when({ type: 'DeleteRecord', at: instantOf(3) })
      .thenRejected('operation-in-flight');
  });

  test('steps of an operation that is over say nothing', () => {
    for (const command of [
      { type: 'CompleteAssignment', operationId: 'op-0', outcome: 'moved', generationId: null, at: instantOf(3) },
      { type: 'FailAssignment', operationId: 'op-0', errorCode: 1, errorMessage: '', at: instantOf(3) },
      { type: 'RecordTwinReset', operationId: 'op-0', at: instantOf(3) },
    ] as const) {
      given(movingToHubB).when(command).thenNothing();
    }
  });

  test('a step that does not belong to its plan says nothing', () => {
    given(movingToHubB)
      .when({ type: 'RecordTwinReset', operationId: 'op-1', at: instantOf(3) })
      .thenNothing();
  });

  test('fails to where it was', () => {
    const failed = {
      type: 'FailAssignment',
      operationId: 'op-1',
      errorCode: 400209,
      errorMessage: 'no',
      at: instantOf(3),
    } as const;
    expect(decided(movingToHubB, failed)).toMatchObject([
      { type: 'AssignmentFailed', data: { hub: 'hub-a', errorCode: 400209 } },
    ]);
    const after = fold(registrationDecider, [...movingToHubB, ...decided(movingToHubB, failed)]);
    expect(after).toMatchObject({ status: 'failed', previous: { hub: 'hub-a' } });
  });
});

describe('a device whose old hub is no longer linked', () => {
  const linked = ['hub-b'];
  test.each([
    ['never', never],
    ['migrate', migrate],
  ])('fails with 400209 under %s: its data cannot be read, or it must not move', (_name, reprovisionPolicy) => {
    expect(decided(onHubA, toHubB({ linked, entry: { iotHubs: ['hub-b'], reprovisionPolicy } }))).toMatchObject([
      { type: 'AssignmentFailed', data: { errorCode: 400209, hub: 'hub-a' } },
    ]);
  });

  test('starts anew elsewhere under reset, and the grounds say that it was not deregistered', () => {
    const events = registered({ linked, entry: { iotHubs: ['hub-b'], reprovisionPolicy: reset } }, onHubA);
    expect(events.slice(onHubA.length).map((event) => event.type)).toEqual(['AssignmentStarted', 'TwinReset', 'DeviceAssigned']);
    expect(events.at(onHubA.length)).toMatchObject({ data: { plan: { action: 'reset', from: null, to: 'hub-b' } } });
    expect(JSON.stringify(events.at(onHubA.length))).toContain('could not be deregistered');
  });
});

describe('a device that is disabled', () => {
  const disabled = { provisioningStatus: 'disabled', iotHubs: ['hub-a'] } as const;
  const refused = [...onHubA, ...decided(onHubA, register({ entry: disabled, enrollmentRevision: '1' }))];

  test('is written down once for each revision of its enrollment', () => {
    given(refused)
      .when(register({ operationId: 'op-2', entry: disabled, enrollmentRevision: '1' }))
      .thenNothing();
    expect(decided(refused, register({ operationId: 'op-2', entry: disabled, enrollmentRevision: '2' }))).toHaveLength(1);
  });

  test('comes back to where it was when it is enabled', () => {
    expect(decided(refused, register({ operationId: 'op-3', entry: { iotHubs: ['hub-a'] } }))).toMatchObject([
      { data: { plan: { action: 'keep', to: 'hub-a' } } },
    ]);
  });
});

describe('the device id', () => {
  test('a changed one moves the device under its new name, on the same hub', () => {
    expect(decided(onHubA, register({ entry: { iotHubs: ['hub-a'], deviceId: 'other' } }))).toMatchObject([
      { data: { deviceId: 'other', previousDeviceId: 'dev-1', plan: { action: 'migrate', from: 'hub-a', to: 'hub-a' } } },
    ]);
  });

  test('stays under never', () => {
    const entry = { iotHubs: ['hub-b'], deviceId: 'other', reprovisionPolicy: never };
    expect(decided(onHubA, register({ entry }))).toMatchObject([
      { data: { deviceId: 'dev-1', plan: { action: 'keep', to: 'hub-a' } } },
    ]);
  });

  test('keeps its letters when the device writes its registration id in other ones', () => {
    const command = { ...register({ entry: { iotHubs: ['hub-a'] } }), registrationId: 'DEV-1' };
    expect(decided(onHubA, command)).toMatchObject([{ data: { deviceId: 'dev-1', plan: { action: 'keep' } } }]);
  });
});

describe('a registration that is deleted', () => {
  const deleted = [...onHubA, ...decided(onHubA, { type: 'DeleteRecord', at: instantOf(5) })];

  test('makes the next one like a first', () => {
    expect(decided(deleted, register({ entry: { iotHubs: ['hub-b'] } }))).toMatchObject([
      { data: { plan: { action: 'create', to: 'hub-b' } } },
    ]);
  });

  test('is gone once', () =>
    given(deleted)
      .when({ type: 'DeleteRecord', at: instantOf(6) })
      .thenNothing());
});

test('the substatus of a device that its hub had lost says so to clients that know the word', () => {
  const lost = (apiVersion: string): readonly RegistrationEvent[] => {
    const started = [...onHubA, ...decided(onHubA, register({ apiVersion, entry: { iotHubs: ['hub-a'] } }))];
    const done = {
      type: 'CompleteAssignment',
      operationId: 'op-1',
      outcome: 'recreated',
      generationId: 'g',
      at: instantOf(3),
    } as const;
    return decided(started, done);
  };
  expect(lost('2021-06-01')).toMatchObject([{ data: { substatus: 'reprovisionedToInitialAssignment' } }]);
  expect(lost('2018-11-01')).toMatchObject([{ data: { substatus: 'initialAssignment' } }]);
});

test('every command may be sent twice', () => {
  const policies = fc.constantFrom(null, migrate, reset, never);
  const registrations = fc
    .record({
      reprovisionPolicy: policies,
      iotHubs: fc.constantFrom(['hub-a'], ['hub-b'], ['hub-a', 'hub-b'], ['gone']),
      provisioningStatus: fc.constantFrom('enabled' as const, 'enabled' as const, 'disabled' as const),
      apiVersion: fc.constantFrom('2018-04-01', '2019-03-31', '2021-06-01'),
      linked: fc.constantFrom(['hub-a', 'hub-b'], ['hub-b']),
    })
    .map(
      ({ apiVersion, linked, ...entry }) =>
        (operationId: string): RegistrationCommand =>
          register({ operationId, apiVersion, linked, entry }),
    );
  const recorded = { status: 'enabled', statusReason: null, generationId: 'g' } as const;
  const section = { values: {}, version: 1, metadata: null };
  const twin = { tags: {}, desired: section, reported: section };
  const asked = {
    hub: 'hub-a',
    deviceId: 'dev-1',
    method: 'reprovision',
    outcome: 'notOnline',
    methodStatus: null,
    detail: null,
  } as const;
  const steps = fc.constantFrom<(operationId: string) => RegistrationCommand>(
    (operationId) => ({ type: 'RecordStatus', operationId, recorded, at: instantOf(2) }),
    (operationId) => ({ type: 'RecordTwinMigrated', operationId, twin, complete: true, sourceTag: 't', at: instantOf(2) }),
    (operationId) => ({ type: 'RecordTwinReset', operationId, at: instantOf(2) }),
    (operationId) => ({ type: 'CompleteAssignment', operationId, outcome: 'moved', generationId: 'g', at: instantOf(2) }),
    (operationId) => ({ type: 'FailAssignment', operationId, errorCode: 400209, errorMessage: 'no', at: instantOf(2) }),
    () => ({ type: 'DeleteRecord', at: instantOf(2) }),
    (requestId) => ({ type: 'RecordReprovisionRequest', request: { ...asked, requestId }, at: instantOf(2) }),
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(registrations, steps), { maxLength: 30 }), (makers) => {
      let operations = 0;
      const commands = makers.map((make, index) => make(`op-${index % 3 === 0 ? ++operations : operations}`));
      sentTwiceChangesNothing(registrationDecider, commands);
    }),
  );
});

test('a history with every kind of event folds to where the device is', () => {
  const events = registered({ operationId: 'op-5', entry: { iotHubs: ['hub-b'], reprovisionPolicy: migrate } }, onHubA);
  expect(fold(registrationDecider, events)).toMatchObject({ status: 'assigned', hub: 'hub-b', substatus: 'deviceDataMigrated' });
});
