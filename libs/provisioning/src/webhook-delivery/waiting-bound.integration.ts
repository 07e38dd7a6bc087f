import { randomBytes, randomUUID } from 'node:crypto';
import { InMemoryEventStore, silentLog } from '@app/event-sourcing';
import { SecretBox } from '@app/platform/secret-box';
import { PgReadDatabase, migrate, openPool } from '@app/postgres';
import { EventReceiver, outOfOrder } from '@test/support/event-receiver';
import { TestDatabase, createTestDatabase } from '@test/support/postgres';
import { until } from '@test/support/until';
import { FeedTail } from '../feed/feed-tail';
import { WebhookNetworks } from '../registrations/webhook.networks';
import { OutgoingPosts } from '../shared/outgoing-posts';
import { KnownWebhook } from '../webhooks/webhook.decider';
import { countWaiting, readProgress } from './deliveries.queries';
import { WEBHOOK_DELIVERIES_SCHEMA, webhookDeliveryMigrations } from './deliveries.store';
import { DELIVERY_ANSWER_BYTES_MAX, DELIVERY_TIMEOUT_MS, DeliverySender } from './delivery-sender';
import { WebhookDispatcher } from './webhook-dispatcher';

const WAITING_MAX = 25;
const STREAMS = 10;
const WEBHOOK_ID = 'w-1';
/** Longer than a dispatcher at the bound waits before it looks for room again. */
const STEADY_MS = 1_200;

describe('the bound of what waits for one webhook', () => {
  const receiver = new EventReceiver('a secret of sixteen and more');
  const secrets = new SecretBox(randomBytes(32));
  let testDatabase: TestDatabase;
  let pool: ReturnType<typeof openPool>;
  let database: PgReadDatabase;
  let store: InMemoryEventStore;
  let running: { readonly stop: AbortController; readonly ended: Promise<void> };

  beforeAll(async () => {
    await receiver.open();
    testDatabase = await createTestDatabase();
    pool = openPool(testDatabase.config, { applicationName: 'webhooks-test', max: 4 });
    await migrate(pool, WEBHOOK_DELIVERIES_SCHEMA, webhookDeliveryMigrations);
    database = new PgReadDatabase(pool);
    store = new InMemoryEventStore();
  });
  afterAll(async () => {
    await stop();
    await store.close();
    await pool.end();
    await testDatabase.drop();
    await receiver.crash();
  });

  const append = async (count: number): Promise<string> => {
    let position = 'start';
    for (let done = 0; done < count; done++) {
      const metadata = { actor: { kind: 'system', name: 'test' }, correlationId: 'c', causationId: 'c' } as const;
      const event = { id: randomUUID(), type: 'Happened', data: {}, metadata };
      ({ position } = await store.append(`registration-${done % STREAMS}`, 'any', [event]));
    }
    return position;
  };
  const start = (): void => {
    const stop = new AbortController();
    const posts = new OutgoingPosts({
      networks: new WebhookNetworks(['127.0.0.1']),
      timeoutMs: DELIVERY_TIMEOUT_MS,
      answerBytesMax: DELIVERY_ANSWER_BYTES_MAX,
    });
    const webhook: KnownWebhook = {
      name: 'bounded',
      webhookId: WEBHOOK_ID,
      from: 'start',
      url: receiver.url,
      urlQuery: null,
      secret: secrets.seal(receiver.secret),
      filters: { types: [], devices: [], hubs: [] },
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
    };
    const dispatcher = new WebhookDispatcher(
      {
        database,
        tail: new FeedTail(store, stop.signal, silentLog),
        sender: new DeliverySender({ store, posts, secrets, now: () => new Date() }),
        retries: { attemptsMax: 5, firstRetryMs: 10 },
        log: silentLog,
        failpoint: () => undefined,
        draw: () => 0,
        waitingMax: WAITING_MAX,
      },
      webhook,
    );
    running = { stop, ended: dispatcher.run(stop.signal) };
  };
  const stop = async (): Promise<void> => {
    running.stop.abort();
    await running.ended;
  };
  const waiting = (): Promise<number> => countWaiting(database, WEBHOOK_ID);
  const mostWaitingFor = async (timeMs: number): Promise<number> => {
    let most = 0;
    for (const end = Date.now() + timeMs; Date.now() < end;) most = Math.max(most, await waiting());
    return most;
  };

  it('leaves in the log what finds no room, also over a restart, and delivers all of it in order when the receiver is back', async () => {
    receiver.answer = () => 503;
    await append(100);
    start();
    await until('as many wait as may', async () => (await waiting()) === WAITING_MAX);
    await append(100);
    expect(await mostWaitingFor(STEADY_MS)).toBe(WAITING_MAX);
    // The place in the log is that of the last event that waits: the next life begins right behind it.
    expect((await readProgress(database, WEBHOOK_ID)).position).toBe(String(WAITING_MAX));
    await stop();
    start();
    expect(await mostWaitingFor(STEADY_MS)).toBe(WAITING_MAX);
    expect(receiver.taken).toEqual([]);

    receiver.answer = () => 204;
    await until('all are delivered', async () => (await readProgress(database, WEBHOOK_ID)).delivered === 200);
    expect(await waiting()).toBe(0);
    expect(new Set(receiver.taken.map(({ position }) => Number(position))).size).toBe(200);
    expect(outOfOrder(receiver.taken)).toEqual([]);
    expect(await readProgress(database, WEBHOOK_ID)).toMatchObject({ position: '200', dead: 0, pending: 0 });
  });
});
