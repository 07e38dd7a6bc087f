import fc from 'fast-check';
import { sentTwiceChangesNothing, specification } from '@app/event-sourcing/specification';
import { WEBHOOKS_MAX, WebhookCommand, webhookDecider } from './webhook.decider';
import { WebhookEvent, WebhookSettings } from './webhook.events';

const at = '2026-01-01T00:00:00.000Z';
const sealed = (text: string) => ({ sealed: `v1.${text}.${Math.floor(performance.now())}`, fingerprint: `f-${text}` });
const filters = { types: [], devices: [], hubs: [] };
const stored: WebhookSettings = {
  url: 'https://x.example/?code=****',
  urlQuery: { sealed: 'v1.q', fingerprint: 'f-code=1' },
  secret: { sealed: 'v1.s', fingerprint: 'f-secret' },
  filters,
};
const added: WebhookEvent = { type: 'WebhookAdded', data: { name: 'a', webhookId: 'id', settings: stored, from: '5', at } };
const set = (overrides: object = {}): WebhookCommand => ({
  type: 'SetWebhook',
  name: 'a',
  webhookId: 'other-id',
  url: stored.url,
  urlQuery: sealed('code=1'),
  secret: sealed('secret'),
  filters,
  from: '9',
  at,
  ...overrides,
});
const given = specification(webhookDecider);

describe('webhooks', () => {
  it('are added with their place, which stays when they are set again', () => {
    given([added]).when(set()).then([]);
    given([added])
      .when(set({ urlQuery: 'keep', secret: null }))
      .then([]);
  });

  it('change without losing what is not said again', () => {
    const changed = { ...stored, filters: { ...filters, types: ['DeviceAssigned'] } };
    given([added])
      .when(set({ secret: null, filters: changed.filters }))
      .then([{ type: 'WebhookChanged', data: { name: 'a', settings: changed, at } }]);
  });

  it('need a secret, and the whole query of a new address', () => {
    given([])
      .when(set({ secret: null }))
      .thenRejected('webhook-secret-required');
    given([added])
      .when(set({ url: 'https://y.example/?code=****', urlQuery: 'keep' }))
      .thenRejected('webhook-secret-required');
  });

  it('are removed once', () => {
    given([added])
      .when({ type: 'RemoveWebhook', name: 'a', at })
      .then([{ type: 'WebhookRemoved', data: { name: 'a', at } }]);
    given([]).when({ type: 'RemoveWebhook', name: 'a', at }).thenRejected('webhook-not-found');
  });

  it(`are at most ${WEBHOOKS_MAX}`, () => {
    const many = Array.from({ length: WEBHOOKS_MAX }, (_, index): WebhookEvent => ({
      ...added,
      data: { ...added.data, name: `w-${index}` } as never,
    }));
    given(many).when(set()).thenRejected('too-many-webhooks');
  });

  it('may be set twice: the second time nothing happens', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b')), fc.constantFrom('one', 'two'), (names, text) => {
        const commands = names.map((name) => set({ name, secret: sealed(text) }));
        const sealedAgain = (command: WebhookCommand) => set({ name: command.name, secret: sealed(text) });
        sentTwiceChangesNothing(webhookDecider, commands, sealedAgain);
      }),
    );
  });
});
