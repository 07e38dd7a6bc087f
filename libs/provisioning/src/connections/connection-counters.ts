/** Injection token of `ConnectionCounters`, which whoever opens the doors provides. */
export const CONNECTION_COUNTERS = Symbol('CONNECTION_COUNTERS');

export interface ConnectionCounters {
  /** Every counter of this process by name, sorted; they start at 0 with the process. */
  snapshot(): Readonly<Record<string, number>>;
}
