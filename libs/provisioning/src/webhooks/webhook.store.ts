import { CommandOutcome, EventStore, StateReader, handleCommand } from '@app/event-sourcing';
import { RequestContext, commandContext } from '../shared/request-context';
import { WebhookCommand, WebhooksState, webhookDecider } from './webhook.decider';
import { WebhookEvent, webhookCodec, webhooksStream } from './webhook.events';

/** The webhooks of this instance: the one place where their stream is read and written. */
export class WebhookStore {
  private readonly states: StateReader<WebhooksState, WebhookEvent>;

  constructor(private readonly store: EventStore) {
    this.states = new StateReader(store, webhookDecider, webhookCodec, { statesMax: 1 });
  }

  async read(): Promise<WebhooksState> {
    return (await this.states.read(webhooksStream)).state;
  }

  handle(command: WebhookCommand, request: RequestContext): Promise<CommandOutcome<WebhooksState, WebhookEvent>> {
    const { store, states } = this;
    const handling = { store, states, decider: webhookDecider, codec: webhookCodec };
    return handleCommand(handling, commandContext(webhooksStream, request), command);
  }
}
