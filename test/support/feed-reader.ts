import { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { agentOf } from './clients';
import { RunningService } from './running-service';

export interface FeedMessage {
  readonly id: string | undefined;
  readonly event: string | undefined;
  /** Of an event of the feed: a CloudEvent. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Without the message that says goodbye. */
export const ofEvents = (messages: readonly FeedMessage[]): FeedMessage[] => messages.filter(({ event }) => event !== 'end');

/** Takes a `text/event-stream` apart, however it is cut into pieces. */
export class MessageParser {
  private rest = '';
  lastEventId: string | undefined;

  push(text: string): FeedMessage[] {
    const blocks = (this.rest + text).split('\n\n');
    this.rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => this.message(block));
  }

  private message(block: string): FeedMessage[] {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const at = line.indexOf(': ');
      if (at > 0) fields.set(line.slice(0, at), line.slice(at + 2));
    }
    const id = fields.get('id');
    if (id !== undefined) this.lastEventId = id;
    const data = fields.get('data');
    return data === undefined ? [] : [{ id, event: fields.get('event'), data: JSON.parse(data) as FeedMessage['data'] }];
  }
}

/** One connection to the feed on a socket of its own. */
export class FeedConnection {
  readonly messages: FeedMessage[] = [];
  readonly parser = new MessageParser();
  readonly ended: Promise<void>;

  private constructor(
    private readonly call: ClientRequest,
    readonly answer: IncomingMessage,
    onMessage: (message: FeedMessage, cut: () => void) => void,
  ) {
    answer.setEncoding('utf8').on('data', (text: string) => {
      for (const message of this.parser.push(text)) {
        this.messages.push(message);
        onMessage(message, () => this.cut());
      }
    });
    answer.on('error', () => undefined);
    this.ended = new Promise((resolve) => answer.once('close', resolve));
  }

  static open(
    service: RunningService,
    query: string,
    lastEventId?: string,
    onMessage: (message: FeedMessage, cut: () => void) => void = () => undefined,
  ): Promise<FeedConnection> {
    const { options } = agentOf(service.endpoint) as unknown as { options: object };
    return new Promise((resolve, reject) => {
      const call = request({
        ...options,
        agent: false,
        host: service.host,
        path: `/api/v1/feed${query}`,
        headers: {
          authorization: `Bearer ${service.facts.apiToken}`,
          ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
        },
      });
      call.once('response', (answer) => resolve(new FeedConnection(call, answer, onMessage)));
      call.on('error', reject);
      call.end();
    });
  }

  /** As a network that goes away: no goodbye. */
  cut(): void {
    this.call.destroy();
  }

  /** Stops taking anything from the socket. */
  stall(): void {
    this.answer.pause();
  }

  /** Takes what has come meanwhile, and goes on. */
  resume(): void {
    this.answer.resume();
  }
}
