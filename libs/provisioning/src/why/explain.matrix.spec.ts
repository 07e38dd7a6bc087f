import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RegistrationHistory } from '../read-models/testing/recorded';
import { register, stepsOf } from '../registrations/testing/commands';
import { explain, Explanation } from './explain';
import { storyOf } from './story';

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
    readonly eventsInOrder: readonly string[];
    readonly effectivePolicy: 'migrate' | 'reset' | 'never' | 'sticky';
  };
}

const path = join(__dirname, '../../../../test/fixtures/reprovisioning-matrix.json');
const { rows } = JSON.parse(readFileSync(path, 'utf8')) as { rows: readonly Row[] };

/** The device of a row, lived as the decision table wants it. */
function explained({ given }: Row): Explanation {
  const { enrollment: kind, reprovisionPolicy, apiVersion, previousHub, allocationYields } = given;
  const history = new RegistrationHistory();
  if (previousHub !== null) {
    const before = { kind, iotHubs: [previousHub], allocationPolicy: 'static', reprovisionPolicy: null } as const;
    history.send(register({ operationId: 'op-0', apiVersion, entry: before })).follow((state) => stepsOf(state));
  }
  const weighted = given.previousHubStillListed === true && allocationYields !== previousHub;
  const entry = {
    kind,
    reprovisionPolicy,
    iotHubs: weighted ? [previousHub ?? '', allocationYields] : [allocationYields],
    allocationPolicy: weighted ? 'hashed' : 'static',
  } as const;
  const hubs = ['hub-a', 'hub-b'].map((hostName) => {
    return { hostName, allocationWeight: hostName === allocationYields ? 1_000 : 1, applyAllocationPolicy: true };
  });
  history.send(register({ operationId: 'op-1', apiVersion, hubs, enrollmentRevision: '1', entry }));
  if (history.state.status === 'assigning') history.follow((state) => stepsOf(state));
  return explain(storyOf('dev-1', history.recorded()));
}

describe('every row of the decision table', () => {
  const told = rows.map((row) => [row.id, row, explained(row)] as const);

  test('is explained in other words than the rest', () => {
    expect(told).toHaveLength(240);
    expect(new Set(told.map(([, , { sentences }]) => sentences.join(' '))).size).toBe(240);
  });

  test.each(told)(
    '%s: the hub, what became of the twin, and whose word it was',
    (_id, { given, expect: expected }, explanation) => {
      const { summary, sentences } = explanation;
      const whole = sentences.join(' ');
      expect(summary).toMatch(new RegExp(`^Device dev-1 is on ${expected.hub} because .+\\.$`));
      const types = expected.eventsInOrder;
      expect(whole.includes('twin went along')).toBe(types.includes('TwinMigrated'));
      expect(whole.includes('started anew')).toBe(types.includes('TwinReset'));
      expect(whole.includes('instead of hub-a')).toBe(types.includes('DeviceDeregistered'));
      expect(whole).toContain(`API version ${given.apiVersion}`);
      expect(whole).toContain(given.enrollment === 'individual' ? 'individual enrollment dev-1' : 'enrollment group dev-1');
      if (given.reprovisionPolicy === null) expect(whole).toContain('No reprovision policy is saved');
      else expect(whole).toContain(`The reprovision policy is ${expected.effectivePolicy}, saved in`);
      const held = given.previousHub !== null && expected.hub !== given.allocationYields;
      expect(whole.includes(`Allocation alone would have put it on ${given.allocationYields}.`)).toBe(held);
      expect(whole.includes('from before reprovisioning')).toBe(
        expected.effectivePolicy === 'sticky' && given.previousHub !== null,
      );
      for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z].*[^.]\.$/);
      expect(whole).not.toMatch(/undefined|null|NaN|\[object/);
    },
  );
});
