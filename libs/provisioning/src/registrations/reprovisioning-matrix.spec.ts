import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RegistrationCommand, registrationDecider } from './registration.decider';
import { RegistrationEvent } from './registration.events';
import { RegistrationState, currentAssignment } from './registration.state';
import { register, stepsOf } from './testing/commands';

interface Row {
  readonly id: string;
  readonly given: {
    readonly enrollment: 'individual' | 'group';
    readonly reprovisionPolicy: { updateHubAssignment: boolean; migrateDeviceData: boolean } | null;
    readonly apiVersion: string;
    readonly previousHub: string | null;
    readonly allocationYields: string;
    readonly previousHubStillListed: boolean | null;
  };
  readonly expect: {
    readonly hub: string;
    readonly substatus: string;
    readonly eventsInOrder: readonly string[];
    readonly eventsAbsent: readonly string[];
    readonly effectivePolicy: string;
  };
}

const path = join(__dirname, '../../../../test/fixtures/reprovisioning-matrix.json');
const { rows } = JSON.parse(readFileSync(path, 'utf8')) as { rows: readonly Row[] };

/** Runs commands one after the other, and after a `Register` what the process manager would send. */
class Device {
  state: RegistrationState = registrationDecider.initialState;

  run(command: RegistrationCommand): RegistrationEvent[] {
    const events = registrationDecider.decide(command, this.state);
    this.state = events.reduce((state, event) => registrationDecider.evolve(state, event), this.state);
    return [...events, ...(this.state.status === 'assigning' ? stepsOf(this.state).flatMap((step) => this.step(step)) : [])];
  }

  private step(command: RegistrationCommand): readonly RegistrationEvent[] {
    const events = registrationDecider.decide(command, this.state);
    this.state = events.reduce((state, event) => registrationDecider.evolve(state, event), this.state);
    return events;
  }
}

/** Static allocation yields the one hub that is listed; with the old hub still listed it is its weight that has changed. */
function hubsFor(given: Row['given']): { iotHubs: string[]; allocationPolicy: 'static' | 'hashed'; linked: string[] } {
  const keepsListed = given.previousHubStillListed === true && given.allocationYields !== given.previousHub;
  if (!keepsListed) return { iotHubs: [given.allocationYields], allocationPolicy: 'static', linked: ['hub-a', 'hub-b'] };
  return { iotHubs: [given.previousHub ?? '', given.allocationYields], allocationPolicy: 'hashed', linked: ['hub-a', 'hub-b'] };
}

describe('the reprovisioning matrix, through the pure decider', () => {
  test('has every row', () => expect(rows).toHaveLength(240));

  test.each(rows.map((row) => [row.id, row] as const))('%s', (_id, { given, expect: expected }) => {
    const device = new Device();
    const { enrollment: kind, reprovisionPolicy, apiVersion } = given;
    if (given.previousHub !== null) {
      const entry = { kind, iotHubs: [given.previousHub], allocationPolicy: 'static', reprovisionPolicy: null } as const;
      device.run(register({ operationId: 'op-0', apiVersion, entry: { ...entry, iotHubs: [given.previousHub] } }));
      expect(currentAssignment(device.state)?.hub).toBe(given.previousHub);
    }
    const { iotHubs, allocationPolicy, linked } = hubsFor(given);
    const weights = (hostName: string): number => (hostName === given.allocationYields ? 1000 : 1);
    const command = register({
      operationId: 'op-1',
      apiVersion,
      linked,
      entry: { kind, reprovisionPolicy, iotHubs, allocationPolicy },
    });
    const weighted = command.hubs.linked.map((hub) => ({ ...hub, allocationWeight: weights(hub.hostName) }));
    const events = device.run({ ...command, hubs: { ...command.hubs, linked: weighted } });

    const assignment = currentAssignment(device.state);
    expect(device.state.status).toBe('assigned');
    expect(assignment).toMatchObject({ hub: expected.hub, substatus: expected.substatus });
    const types: string[] = events.map((event) => event.type);
    expect(types.filter((type) => expected.eventsInOrder.includes(type))).toEqual(expected.eventsInOrder);
    for (const absent of expected.eventsAbsent) expect(types).not.toContain(absent);
    const started = events.find((event) => event.type === 'AssignmentStarted');
    expect(started?.data.grounds.policy.effective).toBe(expected.effectivePolicy);
  });
});
