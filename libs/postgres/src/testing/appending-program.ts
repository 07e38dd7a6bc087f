import { randomUUID } from 'node:crypto';
import { startEmbeddedPostgres } from '../embedded/embedded-postgres';
import { PostgresEventStore } from '../event-store/postgres-event-store';

const WRITERS = 16;

/** Starts the embedded database and appends until it is killed; each acknowledged event's id is written to standard output. */
async function appendUntilKilled(dataDir: string): Promise<void> {
  const { config } = await startEmbeddedPostgres({ dataDir });
  const store = await PostgresEventStore.open({ config });
  const metadata = { actor: { kind: 'system' as const, name: 'test' }, correlationId: '1', causationId: '1' };
  const append = async (): Promise<never> => {
    for (;;) {
      const id = randomUUID();
      await store.append(`stream-${id}`, 'none', [{ id, type: 'Appended', data: { id }, metadata }]);
      process.stdout.write(`${id}\n`);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, append));
}

void appendUntilKilled(process.argv[2] ?? '');
