import { randomUUID } from 'node:crypto';
import { EventToAppend } from '@app/event-sourcing';
import { PgConfig, PostgresEventStore } from '@app/postgres';
import { LoopResult, closedLoop } from './closed-loop';

export const APPEND_CALLERS = 32;
/** Appends for a connection and its prepared statements to be warm. */
const WARM_UP_MS = 1_000;
const SCHEMA = 'bench_events';

/** What the event store does with nothing around it: one event of about 500 bytes in each append, each to a stream of its own. */
export async function bareAppendRate<T>(
  config: PgConfig,
  durationMs: number,
  measure: (load: () => Promise<LoopResult>) => Promise<T>,
): Promise<T> {
  const store = await PostgresEventStore.open({ config, schema: SCHEMA });
  const callers = Array.from({ length: APPEND_CALLERS }, (_, index) => index);
  const append = (_: number, event: EventToAppend): Promise<unknown> => store.append(`bench-${event.id}`, 'none', [event]);
  try {
    await closedLoop(callers, events(), WARM_UP_MS, append);
    return await measure(() => closedLoop(callers, events(), durationMs, append));
  } finally {
    await store.close();
  }
}

function* events(): Generator<EventToAppend> {
  for (;;) {
    yield {
      id: randomUUID(),
      type: 'BenchmarkTaken',
      data: { text: 'x'.repeat(300) },
      metadata: { actor: { kind: 'system', name: 'bench' }, correlationId: randomUUID(), causationId: randomUUID() },
    };
  }
}
