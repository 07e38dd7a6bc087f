import { Inject, Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import type { EventStore } from '@app/event-sourcing';
import { maskedWebhookUrl, problemOfWebhookUrl, secretOfWebhookUrl } from '../enrollments/webhook-url';
import { feedPosition } from '../feed/feed-positions';
import { filterIn } from '../feed/feed.dto';
import { ProblemError } from '../management/problem';
import { RequestContext } from '../shared/request-context';
import type { ReadDatabase } from '../shared/read-database';
import type { SecretBox } from '../shared/secret-box';
import { CLOCK, EVENT_STORE, READ_DATABASE, SECRET_BOX } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { readProgress } from '../webhook-delivery/deliveries.queries';
import { KnownWebhook } from './webhook.decider';
import { WebhookStore } from './webhook.store';
import { WebhookAnswer, WebhookBody, webhookAnswer } from './webhooks.dto';

/** What operators do with webhooks. */
@Injectable()
export class Webhooks {
  constructor(
    private readonly webhooks: WebhookStore,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
    @Inject(SECRET_BOX) private readonly secrets: SecretBox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async list(): Promise<WebhookAnswer[]> {
    const all = [...(await this.webhooks.read()).values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return Promise.all(all.map((webhook) => this.answer(webhook)));
  }

  /** Error: `ProblemError` 404. */
  async one(name: string): Promise<WebhookAnswer> {
    return this.answer(await this.known(name));
  }

  /** Error: `ProblemError` 404. */
  async known(name: string): Promise<KnownWebhook> {
    const webhook = (await this.webhooks.read()).get(name.toLowerCase());
    if (webhook === undefined) throw ProblemError.notFound(`There is no webhook ${name}.`);
    return webhook;
  }

  /** Errors: `ProblemError` 400, `Rejected`. */
  async set(name: string, body: WebhookBody, caller: RequestContext): Promise<{ answer: WebhookAnswer; position: string }> {
    const problem = problemOfWebhookUrl(body.url);
    if (problem !== undefined) throw ProblemError.invalidRequest(`url ${problem}.`);
    const secretPart = secretOfWebhookUrl(body.url);
    const { types: type = [], devices: device = [], hubs: hub = [] } = body.filters ?? {};
    const from = await feedPosition(this.store, body.from ?? 'end');
    const { state, position } = await this.webhooks.handle(
      {
        type: 'SetWebhook',
        name: name.toLowerCase(),
        webhookId: uuidv7(),
        url: maskedWebhookUrl(body.url),
        urlQuery: secretPart === null || secretPart === 'keep' ? secretPart : this.secrets.seal(secretPart.query),
        secret: body.secret === undefined ? null : this.secrets.seal(body.secret),
        filters: filtersOf(filterIn({ type, device, hub })),
        from,
        at: this.clock().toISOString(),
      },
      caller,
    );
    const webhook = state.get(name.toLowerCase());
    if (webhook === undefined) throw ProblemError.notFound(`There is no webhook ${name}.`);
    return { answer: await this.answer(webhook), position: position ?? (await this.store.headPosition()) };
  }

  /** Error: `Rejected`. Gives the position of the write. */
  async remove(name: string, caller: RequestContext): Promise<string> {
    const command = { type: 'RemoveWebhook', name: name.toLowerCase(), at: this.clock().toISOString() } as const;
    const { position } = await this.webhooks.handle(command, caller);
    return position ?? (await this.store.headPosition());
  }

  private async answer(webhook: KnownWebhook): Promise<WebhookAnswer> {
    const [progress, head] = await Promise.all([readProgress(this.database, webhook.webhookId), this.store.headPosition()]);
    return webhookAnswer(webhook, progress, head);
  }
}

/** As they are stored: sorted and each once, so that the same filters in another order change nothing. */
function filtersOf(filters: ReturnType<typeof filterIn>): KnownWebhook['filters'] {
  const sorted = (values: readonly string[]): string[] => [...new Set(values)].sort();
  return { types: sorted(filters.types), devices: sorted(filters.devices), hubs: sorted(filters.hubs) };
}
