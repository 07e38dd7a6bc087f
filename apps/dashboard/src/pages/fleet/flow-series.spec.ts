import type { HubFlow, HubFlows } from '../../api/types';
import { pairsOf, stepsOf } from './flow-series';

const hour = (of: number): string => `2026-01-01T${String(of).padStart(2, '0')}:00:00.000Z`;
const flow = (from: string | null, to: string, action: HubFlow['action'], ...devices: readonly number[]): HubFlow => ({
  from,
  to,
  action,
  devices: devices.reduce((sum, each) => sum + each, 0),
  steps: devices.map((each, index) => ({ at: hour(8 + index), devices: each })),
});
const told = (...flows: readonly HubFlow[]): HubFlows => {
  return { since: hour(8), until: hour(11), step: 'hour', devices: 0, flows };
};

describe('flows as the fleet page draws them', () => {
  it('are of pairs of hubs, with those that kept their twin and those that did not', () => {
    const pairs = pairsOf(told(flow('a', 'b', 'reset', 1), flow('b', 'a', 'migrate', 2), flow('a', 'b', 'migrate', 3, 4)), true);
    expect(pairs).toEqual([
      {
        from: 'a',
        to: 'b',
        devices: 8,
        migrated: 7,
        reset: 1,
        colour: 1,
        byStep: new Map([
          [hour(8), 4],
          [hour(9), 4],
        ]),
      },
      { from: 'b', to: 'a', devices: 2, migrated: 2, reset: 0, colour: 2, byStep: new Map([[hour(8), 2]]) },
    ]);
  });

  it('have devices that had no hub before only where somebody wants them', () => {
    const flows = told(flow(null, 'a', 'create', 9), flow('a', 'b', 'migrate', 1));
    expect(pairsOf(flows, false)).toMatchObject([{ from: 'a', devices: 1 }]);
    expect(pairsOf(flows, true)).toMatchObject([{ from: null, devices: 9, migrated: 0 }, { from: 'a' }]);
  });

  it('share the last colour where there are many', () => {
    const many = told(...Array.from({ length: 8 }, (_, index) => flow('a', `hub-${index}`, 'migrate', 100 - index)));
    const pairs = pairsOf(many, false);
    expect(pairs.map(({ colour }) => colour)).toEqual([1, 2, 3, 4, 5, 6, 6, 6]);
    expect(stepsOf(many, pairs)[0]?.parts.at(-1)).toEqual({ colour: 6, devices: 95 + 94 + 93 });
  });

  it('are drawn for every hour, also one in which nobody moved', () => {
    const flows = told(flow('a', 'b', 'migrate', 2), flow('b', 'a', 'migrate', 1));
    expect(stepsOf(flows, pairsOf(flows, false))).toEqual([
      {
        at: hour(8),
        devices: 3,
        parts: [
          { colour: 1, devices: 2 },
          { colour: 2, devices: 1 },
        ],
      },
      { at: hour(9), devices: 0, parts: [] },
      { at: hour(10), devices: 0, parts: [] },
    ]);
  });
});
