import { setTimeout as sleep } from 'node:timers/promises';
import { INestApplication } from '@nestjs/common';
import { EventStore } from '@app/event-sourcing';
import { Configuration, Logger, SecretBox, Shutdown, failpoint } from '@app/platform';
import { PgConfig, acquireLeadership } from '@app/postgres';
import {
  AuditExports,
  DELIVERY_ANSWER_BYTES_MAX,
  DELIVERY_TIMEOUT_MS,
  DeliverySender,
  FeedReaders,
  OutgoingPosts,
  ReadDatabase,
  Replays,
  WebhookDeliveries,
  WebhookNetworks,
  WebhookStore,
} from '@app/provisioning';

/** Any fixed number does that no other lock has. */
const WEBHOOKS_LOCK = 7_236_411;
/** After the lock's connection was lost. */
const LOCK_RETRY_MS = 1_000;
/** Calls to receivers that are on their way. */
const STOP_TIMEOUT_MS = DELIVERY_TIMEOUT_MS + 2_000;

export interface FeedOptions {
  readonly app: INestApplication;
  readonly configuration: Configuration;
  readonly store: EventStore;
  readonly config: PgConfig;
  readonly readDatabase: ReadDatabase;
  readonly secretBox: SecretBox;
  readonly log: Logger;
  readonly shutdown: Shutdown;
}

/** Lets readers of the feed be told of a stop, and delivers to webhooks where this process works. */
export function startFeed(options: FeedOptions): void {
  const { app, configuration, shutdown } = options;
  const { roles } = configuration;
  if (roles.includes('api') || roles.includes('worker')) {
    shutdown.add('feed', async () => {
      await Promise.all([app.get(FeedReaders).close(), app.get(Replays).close(), app.get(AuditExports).close()]);
    });
  }
  if (!roles.includes('worker')) return;
  const stopping = new AbortController();
  const ended = deliverAsLeader(options, stopping.signal);
  const stop = (): Promise<void> => {
    stopping.abort();
    return ended;
  };
  shutdown.add('webhooks', stop, STOP_TIMEOUT_MS);
}

/** One process at a time delivers; the others wait for its lock. */
async function deliverAsLeader(options: FeedOptions, signal: AbortSignal): Promise<void> {
  const { config, log } = options;
  while (!signal.aborted) {
    try {
      const leadership = await acquireLeadership(config, WEBHOOKS_LOCK, signal, log, { what: 'webhooks' });
      if (leadership !== undefined) {
        await deliveries(options).run(AbortSignal.any([signal, leadership.signal]));
        await leadership.release();
      }
    } catch (err) {
      log.warn({ err }, 'the lock of the webhooks could not be had');
    }
    await sleep(LOCK_RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}

function deliveries(options: FeedOptions): WebhookDeliveries {
  const { app, configuration, store, readDatabase, secretBox, log } = options;
  const posts = new OutgoingPosts({
    networks: new WebhookNetworks(configuration.webhookNetworks),
    timeoutMs: DELIVERY_TIMEOUT_MS,
    answerBytesMax: DELIVERY_ANSWER_BYTES_MAX,
  });
  return new WebhookDeliveries({
    store,
    webhooks: app.get(WebhookStore),
    database: readDatabase,
    sender: new DeliverySender({ store, posts, secrets: secretBox, now: () => new Date() }),
    retries: configuration.webhookRetries,
    log,
    failpoint,
    draw: Math.random,
  });
}
