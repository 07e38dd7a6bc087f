import { isDeepStrictEqual } from 'node:util';
import { Decider, Rejected } from '@app/event-sourcing';
import { SealedSecret } from '../shared/shapes';
import { WebhookEvent, WebhookFilters, WebhookSettings } from './webhook.events';

/** Each has a place in the log of its own and connections of its own. */
export const WEBHOOKS_MAX = 20;

export type WebhookCommand =
  | {
      readonly type: 'SetWebhook';
      /** Lower case. */
      readonly name: string;
      /** Of the webhook if there is none of that name yet. */
      readonly webhookId: string;
      readonly url: string;
      /** `keep` where the address was sent masked, as it was answered. */
      readonly urlQuery: SealedSecret | 'keep' | null;
      /** Null leaves it as it is. */
      readonly secret: SealedSecret | null;
      readonly filters: WebhookFilters;
      /** Only for one that is new: the others stay where they are. */
      readonly from: string;
      readonly at: string;
    }
  | { readonly type: 'RemoveWebhook'; readonly name: string; readonly at: string };

export interface KnownWebhook extends WebhookSettings {
  readonly name: string;
  readonly webhookId: string;
  readonly from: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** By name. */
export type WebhooksState = ReadonlyMap<string, KnownWebhook>;

export type WebhookRejection = 'webhook-not-found' | 'webhook-secret-required' | 'too-many-webhooks';

function decide(command: WebhookCommand, state: WebhooksState): readonly WebhookEvent[] {
  const { name, at } = command;
  const current = state.get(name);
  switch (command.type) {
    case 'SetWebhook': {
      const settings = settingsOf(command, current);
      if (current === undefined) {
        if (state.size >= WEBHOOKS_MAX) throw refusal('too-many-webhooks', `there can be at most ${WEBHOOKS_MAX} webhooks`);
        return [{ type: 'WebhookAdded', data: { name, webhookId: command.webhookId, settings, from: command.from, at } }];
      }
      return isDeepStrictEqual(settings, storedSettings(current))
        ? []
        : [{ type: 'WebhookChanged', data: { name, settings, at } }];
    }
    case 'RemoveWebhook':
      if (current === undefined) throw refusal('webhook-not-found', `there is no webhook ${name}`);
      return [{ type: 'WebhookRemoved', data: { name, at } }];
  }
}

function settingsOf(
  command: Extract<WebhookCommand, { type: 'SetWebhook' }>,
  current: KnownWebhook | undefined,
): WebhookSettings {
  const { url, filters } = command;
  const secret = kept(command.secret, current?.secret);
  if (secret === undefined) {
    throw refusal('webhook-secret-required', 'a new webhook needs a secret, which signs what is delivered to it');
  }
  if (command.urlQuery !== 'keep') {
    return {
      url,
      urlQuery: command.urlQuery === null ? null : (kept(command.urlQuery, current?.urlQuery) ?? null),
      secret,
      filters,
    };
  }
  if (current?.url !== url) {
    throw refusal('webhook-secret-required', 'an address with another beginning needs its query in full, not masked');
  }
  return { url, urlQuery: current.urlQuery, secret, filters };
}

/** The same text sealed again looks different; the stored one stays, so that nothing has changed. */
function kept(sent: SealedSecret | null, stored: SealedSecret | null | undefined): SealedSecret | undefined {
  if (sent === null || sent.fingerprint === stored?.fingerprint) return stored ?? undefined;
  return sent;
}

function storedSettings({ url, urlQuery, secret, filters }: KnownWebhook): WebhookSettings {
  return { url, urlQuery, secret, filters };
}

function refusal(reason: WebhookRejection, message: string): Rejected<WebhookRejection> {
  return new Rejected(reason, message);
}

function evolve(state: WebhooksState, event: WebhookEvent): WebhooksState {
  const next = new Map(state);
  const { name, at } = event.data;
  switch (event.type) {
    case 'WebhookAdded': {
      const { webhookId, settings, from } = event.data;
      next.set(name, { name, webhookId, from, ...settings, createdAt: at, updatedAt: at });
      break;
    }
    case 'WebhookChanged': {
      const before = next.get(name);
      if (before !== undefined) next.set(name, { ...before, ...event.data.settings, updatedAt: at });
      break;
    }
    case 'WebhookRemoved':
      next.delete(name);
      break;
  }
  return next;
}

export const webhookDecider: Decider<WebhooksState, WebhookCommand, WebhookEvent> = { initialState: new Map(), decide, evolve };
