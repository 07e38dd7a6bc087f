import { performance } from 'node:perf_hooks';

/** What a number of callers did, each beginning the next operation when the last was done. */
export interface LoopResult {
  readonly operations: number;
  readonly elapsedMs: number;
  readonly perSecond: number;
  /** Of every operation, ascending. */
  readonly latenciesMs: readonly number[];
}

/** Ends when `items` are used up or at the first operation that would begin after `durationMs`; an operation that throws ends it. */
export async function closedLoop<Caller, Item>(
  callers: readonly Caller[],
  items: Iterable<Item>,
  durationMs: number,
  operation: (caller: Caller, item: Item) => Promise<unknown>,
): Promise<LoopResult> {
  const rest = items[Symbol.iterator]();
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  let failed = false;
  const call = async (caller: Caller): Promise<void> => {
    for (let begunMs = startedMs; begunMs - startedMs < durationMs && !failed;) {
      const next = rest.next();
      if (next.done === true) return;
      await operation(caller, next.value).catch((error: unknown) => {
        failed = true;
        throw error;
      });
      const nowMs = performance.now();
      latenciesMs.push(nowMs - begunMs);
      begunMs = nowMs;
    }
  };
  await Promise.all(callers.map(call));
  const elapsedMs = performance.now() - startedMs;
  const operations = latenciesMs.length;
  return { operations, elapsedMs, perSecond: (operations * 1000) / elapsedMs, latenciesMs: latenciesMs.sort((a, b) => a - b) };
}

/** Of ascending values; NaN of none. */
export function percentile(ascending: readonly number[], fraction: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * fraction))] ?? NaN;
}
