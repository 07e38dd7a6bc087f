import type { HubFlows } from '../../api/types';

/** Pairs of hubs that have a colour of their own; the rest share one more. */
export const COLOURS = 5;
const OTHERS = COLOURS + 1;
const STEP_MS = { hour: 3_600_000, day: 86_400_000 } as const;

/** All that went from one hub to another, however they went. */
export interface PairOfHubs {
  /** Null for devices that had no hub before. */
  readonly from: string | null;
  readonly to: string;
  readonly devices: number;
  readonly migrated: number;
  readonly reset: number;
  /** From 1; `COLOURS` and one for all that have none of their own. */
  readonly colour: number;
  readonly byStep: ReadonlyMap<string, number>;
}

export interface StepOfFlows {
  readonly at: string;
  readonly devices: number;
  /** By colour, those with devices only. */
  readonly parts: readonly { readonly colour: number; readonly devices: number }[];
}

type Gathering = { -readonly [Key in keyof PairOfHubs]: PairOfHubs[Key] } & { byStep: Map<string, number> };

/** Most devices first; `withFirst`: also devices that had no hub before. */
export function pairsOf({ flows }: HubFlows, withFirst: boolean): readonly PairOfHubs[] {
  const pairs = new Map<string, Gathering>();
  for (const { from, to, action, devices, steps } of flows) {
    if (from === null && !withFirst) continue;
    const key = `${from ?? ''} ${to}`;
    const pair = pairs.get(key) ?? {
      from,
      to,
      devices: 0,
      migrated: 0,
      reset: 0,
      colour: OTHERS,
      byStep: new Map<string, number>(),
    };
    pairs.set(key, pair);
    pair.devices += devices;
    if (action === 'migrate') pair.migrated += devices;
    if (action === 'reset') pair.reset += devices;
    for (const step of steps) pair.byStep.set(step.at, (pair.byStep.get(step.at) ?? 0) + step.devices);
  }
  const sorted = [...pairs.values()].sort((a, b) => b.devices - a.devices);
  return sorted.map((pair, index) => ({ ...pair, colour: Math.min(index + 1, OTHERS) }));
}

/** Every hour or day of the range, also those in which nobody moved. */
export function stepsOf({ since, until, step }: HubFlows, pairs: readonly PairOfHubs[]): readonly StepOfFlows[] {
  const steps: StepOfFlows[] = [];
  for (let ms = Date.parse(since); ms < Date.parse(until); ms += STEP_MS[step]) {
    const at = new Date(ms).toISOString();
    const byColour = new Map<number, number>();
    for (const { colour, byStep } of pairs) {
      const devices = byStep.get(at) ?? 0;
      if (devices > 0) byColour.set(colour, (byColour.get(colour) ?? 0) + devices);
    }
    const parts = [...byColour].map(([colour, devices]) => ({ colour, devices }));
    steps.push({ at, devices: parts.reduce((sum, { devices }) => sum + devices, 0), parts });
  }
  return steps;
}
