import { EventStoreUnavailable } from '@app/event-sourcing';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgres, startEmbeddedPostgres } from '../embedded/embedded-postgres';
import { PostgresEventStore } from './postgres-event-store';

const WRITERS = 8;
const metadata = { actor: { kind: 'system' as const, name: 'test' }, correlationId: '1', causationId: '1' };
const event = (id: string) => ({ id, type: 'Happened', data: { id }, metadata });

let directory: string;
let postgres: EmbeddedPostgres;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rehome-restart-'));
  postgres = await startEmbeddedPostgres({ dataDir: directory });
});

afterAll(async () => {
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
});

it('outlives restarts of the server: no append fails, nothing is stored twice, subscribers go on', async () => {
  const store = await PostgresEventStore.open({ config: postgres.config });
  const stopping = new AbortController();
  const seen: string[] = [];
  const watching = (async () => {
    for await (const batch of store.subscribeToAll({ from: 'start', signal: stopping.signal })) {
      seen.push(...batch.events.map(({ id }) => id));
    }
  })();
  const acknowledged: string[] = [];
  let writing = true;
  const write = async (): Promise<void> => {
    while (writing) {
      const id = randomUUID();
      await store.append(`stream-${id}`, 'none', [event(id)]);
      acknowledged.push(id);
    }
  };
  const writers = Array.from({ length: WRITERS }, write);
  for (let restarts = 0; restarts < 3; restarts++) {
    await sleep(200);
    await postgres.stop();
    postgres = await startEmbeddedPostgres({ dataDir: directory });
  }
  await sleep(200);
  writing = false;
  await Promise.all(writers);
  const marker = randomUUID();
  await store.append('marker', 'none', [event(marker)]);
  for (let waits = 0; !seen.includes(marker) && waits < 500; waits++) await sleep(20);
  stopping.abort();
  await watching;
  expect([...seen].sort()).toEqual([...acknowledged, marker].sort());
  await store.close();
});

it('says that it is unavailable after a bounded time without a server, and recovers afterwards', async () => {
  const store = await PostgresEventStore.open({ config: postgres.config, retryTimeoutMs: 300 });
  await postgres.stop();
  const id = randomUUID();
  await expect(store.append(`stream-${id}`, 'none', [event(id)])).rejects.toBeInstanceOf(EventStoreUnavailable);
  await expect(store.readStream(`stream-${id}`)).rejects.toBeInstanceOf(EventStoreUnavailable);
  await expect(store.headPosition()).rejects.toBeInstanceOf(EventStoreUnavailable);
  postgres = await startEmbeddedPostgres({ dataDir: directory });
  await expect(store.append(`stream-${id}`, 'none', [event(id)])).resolves.toMatchObject({ revision: 0n });
  await store.close();
});
