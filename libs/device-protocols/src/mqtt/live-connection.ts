import type { Client, PublishPacket, Subscription } from 'aedes';
import type { EdgeMetrics } from '../device-service';
import type { FrameGuard } from './frame-guard';
import type { ConnectVerdict, MqttApplication, MqttConnection, MqttMessage, MqttTransport } from './mqtt-application';
import { MqttRefusal } from './refusal';

export interface LiveConnectionOptions<Session> {
  readonly client: Client;
  readonly guard: FrameGuard;
  readonly transport: MqttTransport;
  readonly application: MqttApplication<Session>;
  readonly metrics: EdgeMetrics;
  readonly messagesPendingMax: number;
}

const PROTOCOL = 'mqtt';
const DETAIL_CHARACTERS_MAX = 200;

/** What the server knows of one connection, from its first byte on; for the application from the moment it is let in. */
export class LiveConnection<Session> implements MqttConnection<Session> {
  private admitted: { readonly session: Session } | undefined;
  private opened = false;
  private reported = false;
  private pendingCount = 0;
  /** Granted QoS by filter. */
  private readonly subscriptions = new Map<string, 0 | 1>();

  constructor(private readonly options: LiveConnectionOptions<Session>) {}

  get clientId(): string {
    return this.options.client.id;
  }

  get session(): Session {
    if (this.admitted === undefined) throw new Error('the connection has not been let in');
    return this.admitted.session;
  }

  /** Messages received and not yet done with, and answers not yet written. */
  get pending(): number {
    return this.pendingCount;
  }

  /** Undefined when the device is let in, otherwise why it is not. */
  async authenticate(
    userName: string | undefined,
    password: Buffer | undefined,
  ): Promise<Exclude<ConnectVerdict<Session>, { session: Session }> | undefined> {
    const { application, transport, guard } = this.options;
    const request = { clientId: this.clientId, userName, password: password?.toString('utf8'), transport };
    const verdict = await application.connect(request);
    if (!('session' in verdict)) return verdict;
    this.admitted = verdict;
    guard.admit();
    return undefined;
  }

  open(): void {
    this.opened = true;
    this.options.metrics.count(`${PROTOCOL}.accepted`);
    this.options.application.opened?.(this);
  }

  /** The subscription as granted; null for the failure code. */
  subscribe(subscription: Subscription): Subscription | null {
    if (this.admitted === undefined || !this.options.application.maySubscribe(this.session, subscription.topic)) {
      this.options.metrics.count(`${PROTOCOL}.subscriptions-refused`);
      return null;
    }
    this.subscriptions.set(subscription.topic, subscription.qos === 0 ? 0 : 1);
    return subscription;
  }

  unsubscribe(filters: readonly string[]): void {
    for (const filter of filters) this.subscriptions.delete(filter);
  }

  /** Why a message ends the connection; null for one that is taken, and is pending from here on. */
  take(topic: string): MqttRefusal | null {
    if (this.admitted === undefined || !this.options.application.mayPublish(this.session, topic)) {
      return new MqttRefusal('topic', `a message to ${JSON.stringify(topic.slice(0, DETAIL_CHARACTERS_MAX))}`);
    }
    const { messagesPendingMax } = this.options;
    if (this.pendingCount < messagesPendingMax) {
      this.pendingCount++;
      return null;
    }
    return new MqttRefusal('too-many-pending', `more than ${messagesPendingMax} messages that have no answer yet`);
  }

  /** A message that was taken has been acknowledged. */
  receive(message: MqttMessage): void {
    this.options.metrics.count(`${PROTOCOL}.messages`);
    void this.options.application.received(this, message).finally(() => this.pendingCount--);
  }

  send(filter: string, topic: string, payload: string | Buffer): boolean {
    const qos = this.subscriptions.get(filter);
    const { client } = this.options;
    if (qos === undefined || client.closed) return false;
    const packet: PublishPacket = { cmd: 'publish', topic, payload, qos, retain: false, dup: false };
    this.pendingCount++;
    client.publish(packet, () => this.pendingCount--);
    return true;
  }

  close(): void {
    this.options.client.close();
  }

  /** Says once why the connection ends, unless the device went away by itself. */
  refuse(error: Error): void {
    if (this.reported) return;
    const reason = reasonOf(error);
    if (reason === undefined) return;
    this.reported = true;
    const { remoteAddress } = this.options.transport;
    const detail = `${this.nameForLog()}${error.message.slice(0, DETAIL_CHARACTERS_MAX)}`;
    this.options.metrics.refused({ protocol: PROTOCOL, reason, remoteAddress, detail });
  }

  ended(): void {
    if (this.opened) this.options.application.closed?.(this);
    this.opened = false;
  }

  /** Until it has been let in, what a client calls itself is nothing to go by. */
  private nameForLog(): string {
    return this.admitted === undefined ? '' : `${this.clientId}: `;
  }
}

/** What the broker says in its own words; connections that the device itself gave up have none that matter. */
function reasonOf(error: Error): string | undefined {
  if (error instanceof MqttRefusal) return error.reason;
  if ('code' in error || error.message === 'connection closed') return undefined;
  if (error.message === 'keep alive timeout') return 'idle';
  if (error.message === 'connect did not arrive in time') return 'connect-timeout';
  if (error.message === 'drain timeout') return 'slow';
  return 'malformed';
}
