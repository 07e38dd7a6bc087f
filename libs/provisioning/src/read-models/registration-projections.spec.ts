import { Projection } from '@app/event-sourcing';
import { RegistrationCommand } from '../registrations/registration.decider';
import { instantOf, register, stepsOf } from '../registrations/testing/commands';
import { deviceStatusProjection } from './device-status.projection';
import { hubMembershipProjection } from './hub-membership.projection';
import { operationsProjection } from './operations.projection';
import { ProjectedRows } from './testing/projected-rows';
import { RegistrationHistory } from './testing/recorded';
import { twinDataProjection } from './twin-data.projection';

const migrate = { updateHubAssignment: true, migrateDeviceData: true };
const reset = { updateHubAssignment: true, migrateDeviceData: false };
const at = (hub: string, operationId: string, second: number, policy = migrate): RegistrationCommand =>
  register({
    operationId,
    at: instantOf(second),
    entry: {
      iotHubs: [hub],
      allocationPolicy: 'static',
      reprovisionPolicy: policy,
      initialTwin: { tags: { n: second }, desired: {} },
    },
  });
const steps = (second: number) => (state: Parameters<typeof stepsOf>[0]) => stepsOf(state, instantOf(second));

const firstAssignment = (): RegistrationHistory => new RegistrationHistory().send(at('hub-a', 'op-1', 1)).follow(steps(2));
const rowAfter = (projection: Projection, history: RegistrationHistory, key = 'dev-1'): Record<string, unknown> => {
  const row = new ProjectedRows(projection).apply(history.recorded()).row(key);
  if (row === undefined) throw new Error(`no row ${key}`);
  return row;
};

describe('device-status', () => {
  const status = (history: RegistrationHistory): Record<string, unknown> => rowAfter(deviceStatusProjection, history);

  test('a first registration is assigning without a hub, then assigned', () => {
    const history = new RegistrationHistory().send(at('hub-a', 'op-1', 1));
    const begun = { status: 'assigning', assigned_hub: null, target_hub: 'hub-a', operation_id: 'op-1', revision: '0' };
    expect(status(history)).toMatchObject({ ...begun, operation_started_at: instantOf(1), created_at: instantOf(1) });
    history.follow(steps(2));
    const done = { status: 'assigned', assigned_hub: 'hub-a', target_hub: null, substatus: 'initialAssignment', revision: '1' };
    expect(status(history)).toMatchObject({ ...done, created_at: instantOf(1), updated_at: instantOf(2) });
  });

  test('stays assigning, at the old hub, through every step of a move', () => {
    const history = firstAssignment().send(at('hub-b', 'op-2', 3));
    if (history.state.status !== 'assigning') throw new Error('the move has not begun');
    const moves = stepsOf(history.state, instantOf(4));
    for (const step of moves.slice(0, -1)) {
      history.send(step);
      const during = { status: 'assigning', assigned_hub: 'hub-a', target_hub: 'hub-b', operation_action: 'migrate' };
      expect(status(history)).toMatchObject({ ...during, revision: String(history.events.length - 1) });
    }
    history.send(...moves.slice(-1));
    expect(status(history)).toMatchObject({ status: 'assigned', assigned_hub: 'hub-b', substatus: 'deviceDataMigrated' });
    expect(status(history)).toMatchObject({ policy: 'migrate', created_at: instantOf(1), operation_started_at: instantOf(3) });
  });

  test('a failed move names the error and the hub where the device stays', () => {
    const history = firstAssignment().send(at('hub-b', 'op-2', 3));
    const failure = { errorCode: 400207, errorMessage: 'the hub said no', at: instantOf(4) };
    history.send({ type: 'FailAssignment', operationId: 'op-2', ...failure });
    const row = {
      status: 'failed',
      assigned_hub: 'hub-a',
      target_hub: null,
      error_code: 400207,
      error_message: 'the hub said no',
    };
    expect(status(history)).toMatchObject({ ...row, operation_started_at: instantOf(3) });
    history.send(at('hub-b', 'op-3', 5)).follow(steps(6));
    expect(status(history)).toMatchObject({ status: 'assigned', error_code: null, error_message: null });
  });

  test('a decision that finds no hub begins and fails at once', () => {
    const history = new RegistrationHistory().send(at('hub-z', 'op-1', 1));
    const row = { status: 'failed', registration_id: 'dev-1', operation_started_at: instantOf(1), assigned_hub: null };
    expect(status(history)).toMatchObject({ ...row, enrollment_id: 'dev-1', policy: 'migrate' });
  });

  test('a disabled enrollment disables the device, which keeps its hub', () => {
    const disabled = register({ operationId: 'op-2', at: instantOf(3), entry: { provisioningStatus: 'disabled' } });
    const row = { status: 'disabled', assigned_hub: 'hub-a', operation_id: 'op-2', operation_started_at: instantOf(3) };
    expect(status(firstAssignment().send(disabled))).toMatchObject(row);
  });

  test('a deleted registration has no row, and the next one starts anew', () => {
    const history = firstAssignment().send({ type: 'DeleteRecord', at: instantOf(3) });
    const rows = new ProjectedRows(deviceStatusProjection).apply(history.recorded());
    expect(rows.size).toBe(0);
    history.send(at('hub-b', 'op-2', 4));
    expect(status(history)).toMatchObject({ created_at: instantOf(4), assigned_hub: null, revision: '3' });
    expect(status(history)).not.toHaveProperty('substatus');
  });
});

describe('hub-membership', () => {
  const stay = (history: RegistrationHistory): Record<string, unknown> => rowAfter(hubMembershipProjection, history);

  test('a device is in no hub before it is assigned', () => {
    expect(stay(new RegistrationHistory().send(at('hub-a', 'op-1', 1)))).toMatchObject({ hub: null });
  });

  test('registering again does not begin a new stay', () => {
    const history = firstAssignment()
      .send(at('hub-a', 'op-2', 5))
      .follow(steps(6));
    const row = {
      hub: 'hub-a',
      since: instantOf(2),
      since_operation_id: 'op-1',
      confirmed_at: instantOf(6),
      operation_id: 'op-2',
    };
    expect(stay(history)).toMatchObject(row);
  });

  test.each([
    ['migrate', migrate],
    ['reset', reset],
  ])('a move by %s begins one, and says where from', (_name, policy) => {
    const history = firstAssignment()
      .send(at('hub-b', 'op-2', 3, policy))
      .follow(steps(4));
    const row = { hub: 'hub-b', since: instantOf(4), since_operation_id: 'op-2', left_hub: 'hub-a', left_operation_id: 'op-2' };
    expect(stay(history)).toMatchObject(row);
  });

  test('a move that fails changes nothing', () => {
    const before = stay(firstAssignment());
    const history = firstAssignment().send(at('hub-b', 'op-2', 3));
    history.send({ type: 'FailAssignment', operationId: 'op-2', errorCode: 400207, errorMessage: 'no', at: instantOf(4) });
    const { planned_from: _from, planned_operation_id: _operation, revision: _revision, ...after } = stay(history);
    expect(before).toMatchObject(after);
    expect(after).toMatchObject({ hub: 'hub-a', since: instantOf(2) });
  });

  test('a deleted registration is in no hub', () => {
    const history = firstAssignment().send({ type: 'DeleteRecord', at: instantOf(3) });
    expect(new ProjectedRows(hubMembershipProjection).apply(history.recorded()).size).toBe(0);
  });
});

describe('twin-data', () => {
  const twin = (history: RegistrationHistory): Record<string, unknown> => rowAfter(twinDataProjection, history);

  test('keeps the initial state of the last operation beside what the hub was given at first', () => {
    const history = firstAssignment()
      .send(at('hub-a', 'op-2', 5))
      .follow(steps(6));
    const row = twin(history);
    expect(row).toMatchObject({ initial_twin: { tags: { n: 5 } }, hub_twin: { tags: { n: 1 } }, hub_twin_source: 'initialTwin' });
    expect(row).toMatchObject({ hub: 'hub-a', created_operation_id: 'op-1', hub_twin_operation_id: 'op-1' });
    expect(row).not.toHaveProperty('carried_twin');
  });

  test('a migration leaves the initial state and notes what it carried', () => {
    const row = twin(
      firstAssignment()
        .send(at('hub-b', 'op-2', 3))
        .follow(steps(4)),
    );
    expect(row).toMatchObject({ hub_twin_source: 'migrated', hub_twin_hub: 'hub-b', initial_twin: { tags: { n: 3 } } });
    expect(row).toMatchObject({ carried_from: 'hub-a', carried_to: 'hub-b', carried_complete: true, carried_at: instantOf(4) });
    expect(row.carried_twin).toEqual(row.hub_twin);
    expect(row.carried_twin).toMatchObject({ desired: { version: 2 }, reported: { version: 2 } });
  });

  test('a reset starts from the initial twin with nothing reported, and what was carried before stays known', () => {
    const history = firstAssignment()
      .send(at('hub-b', 'op-2', 3))
      .follow(steps(4));
    const row = twin(history.send(at('hub-a', 'op-3', 5, reset)).follow(steps(6)));
    const started = { tags: { n: 5 }, desired: {} };
    expect(row).toMatchObject({
      hub_twin: started,
      hub_twin_source: 'reset',
      hub_twin_hub: 'hub-a',
      carried_operation_id: 'op-2',
    });
  });
});

describe('operations', () => {
  const operation = (history: RegistrationHistory, id: string): Record<string, unknown> =>
    rowAfter(operationsProjection, history, id);

  test('one row an operation, from its decision over its steps to its end', () => {
    const history = firstAssignment()
      .send(at('hub-b', 'op-2', 3))
      .follow(steps(4));
    expect(operation(history, 'op-1')).toMatchObject({ action: 'create', status: 'assigned', from_hub: null, to_hub: 'hub-a' });
    const move = operation(history, 'op-2');
    expect(move).toMatchObject({ action: 'migrate', status: 'assigned', from_hub: 'hub-a', to_hub: 'hub-b' });
    expect(move).toMatchObject({ started_at: instantOf(3), twin_placed_at: instantOf(4), deregistered_at: instantOf(4) });
    expect(move).toMatchObject({ ended_at: instantOf(4), status_recorded_at: instantOf(4), registration_key: 'dev-1' });
    expect(move).toMatchObject({ grounds: { allocation: { chosen: 'hub-b' } } });
  });

  test('outlives its registration', () => {
    const history = firstAssignment().send({ type: 'DeleteRecord', at: instantOf(3) });
    expect(operation(history, 'op-1')).toMatchObject({ status: 'assigned' });
  });

  test('a refusal has a row, too', () => {
    expect(operation(new RegistrationHistory().send(at('hub-z', 'op-1', 1)), 'op-1')).toMatchObject({
      status: 'failed',
      started_at: instantOf(1),
      ended_at: instantOf(1),
    });
    const disabled = register({ operationId: 'op-9', at: instantOf(3), entry: { provisioningStatus: 'disabled' } });
    const row = { status: 'disabled', started_at: instantOf(3), ended_at: instantOf(3), enrollment_id: 'dev-1' };
    expect(operation(new RegistrationHistory().send(disabled), 'op-9')).toMatchObject(row);
  });
});
