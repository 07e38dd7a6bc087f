import { z } from 'zod';
import { DomainEvent, EventCodec } from '@app/event-sourcing';
import { instant, sealedSecret, shape } from '../shared/shapes';

/**
 * The webhooks of this instance are one consistency boundary (a bounded number, no name twice) and so one stream. A webhook is known
 * by its name in lower case.
 */
export const webhooksStream = 'webhooks';

export const webhookFilters = z.object({
  /** Stored names of events; empty lists let everything pass. */
  types: z.array(z.string()),
  devices: z.array(z.string()),
  hubs: z.array(z.string()),
});
export type WebhookFilters = z.infer<typeof webhookFilters>;

export const webhookSettings = z.object({
  /** With `****` for the values of its query. */
  url: z.string(),
  /** The query of the address, where keys stand. */
  urlQuery: sealedSecret.nullable(),
  /** Signs what is delivered. */
  secret: sealedSecret,
  filters: webhookFilters,
});
export type WebhookSettings = z.infer<typeof webhookSettings>;

const webhookAdded = z.object({
  name: z.string(),
  /** Tells it from another that had the same name before. */
  webhookId: z.string(),
  settings: webhookSettings,
  /** What came after this position is delivered. */
  from: z.string(),
  at: instant,
});
const webhookChanged = z.object({ name: z.string(), settings: webhookSettings, at: instant });
const webhookRemoved = z.object({ name: z.string(), at: instant });

export type WebhookEvent =
  | DomainEvent<'WebhookAdded', z.infer<typeof webhookAdded>>
  | DomainEvent<'WebhookChanged', z.infer<typeof webhookChanged>>
  | DomainEvent<'WebhookRemoved', z.infer<typeof webhookRemoved>>;

export const webhookShapes = {
  WebhookAdded: shape(webhookAdded),
  WebhookChanged: shape(webhookChanged),
  WebhookRemoved: shape(webhookRemoved),
};
export const webhookCodec = new EventCodec<WebhookEvent>(webhookShapes);
