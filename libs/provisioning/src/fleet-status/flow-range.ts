import { ProblemError } from '../management/problem';

export const flowSteps = ['hour', 'day'] as const;
export type FlowStep = (typeof flowSteps)[number];

const DAY_MS = 86_400_000;
const STEP_MS: Readonly<Record<FlowStep, number>> = { hour: 3_600_000, day: DAY_MS };
/** How many days may be asked for at once. */
export const FLOW_DAYS_MAX: Readonly<Record<FlowStep, number>> = { hour: 31, day: 366 };
/** How many are told when nobody says since when. */
export const FLOW_DAYS_DEFAULT: Readonly<Record<FlowStep, number>> = { hour: 1, day: 30 };

/** Whole hours or days of UTC, ISO 8601; `until` is the end of the last one. */
export interface FlowRange {
  readonly since: string;
  readonly until: string;
  readonly step: FlowStep;
}

export interface AskedFlows {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly step?: FlowStep | undefined;
}

/** Wholly covered steps, so that callers within the same hour or day ask the same. Error: `ProblemError` 400. */
export function flowRange({ since, until, step = 'hour' }: AskedFlows, now: Date): FlowRange {
  const untilMs = until === undefined ? now.getTime() : Date.parse(until);
  const sinceMs = since === undefined ? untilMs - FLOW_DAYS_DEFAULT[step] * DAY_MS : Date.parse(since);
  if (sinceMs >= untilMs) {
    throw ProblemError.invalidRequest(`since must be earlier than until: ${iso(sinceMs)}, ${iso(untilMs)}.`);
  }
  if (untilMs - sinceMs > FLOW_DAYS_MAX[step] * DAY_MS) {
    const instead = step === 'hour' ? `by day up to ${FLOW_DAYS_MAX.day} can` : 'ask for several parts';
    throw ProblemError.invalidRequest(`By ${step} at most ${FLOW_DAYS_MAX[step]} days can be told at once; ${instead}.`);
  }
  const stepMs = STEP_MS[step];
  return { since: iso(Math.floor(sinceMs / stepMs) * stepMs), until: iso(Math.ceil(untilMs / stepMs) * stepMs), step };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
