import { Aedes, AuthenticateError, Client } from 'aedes';
import type { EdgeMetrics } from '../device-service';
import { FrameGuard, mqttConnectionLimits } from './frame-guard';
import { LiveConnection } from './live-connection';
import type { ConnackCode, MqttApplication, MqttTransport } from './mqtt-application';
import { noRouting } from './no-routing';
import { MqttRefusal } from './refusal';

/** Bounds of one MQTT end point. */
export const mqttServerLimits = {
  ...mqttConnectionLimits,
  connectionsMax: 20_000,
  /** Of one connection: received and not yet done with, or answered and not yet written. */
  messagesPendingMax: 8,
  /** How long a device may take to read what it is sent. */
  drainTimeoutMs: 20_000,
  /** What messages in progress get when the server closes. */
  stopTimeoutMs: 3_000,
} as const;
export type MqttServerLimits = { readonly [Limit in keyof typeof mqttServerLimits]: number };

export interface MqttServerOptions<Session> {
  readonly application: MqttApplication<Session>;
  readonly metrics: EdgeMetrics;
  readonly limits?: Partial<MqttServerLimits>;
}

const CLIENT_ID_CHARACTERS_MAX = 128;
const STOP_POLL_MS = 10;

/**
 * MQTT 3.1.1 for one application, on connections that a listener hands over. Sessions are never persistent, wills are dropped,
 * nothing is routed between devices, and one client id has one connection: a second displaces the first once it has been let in.
 */
export class MqttServer<Session> {
  private readonly limits: MqttServerLimits;
  private readonly live = new Map<Client, LiveConnection<Session>>();
  private closing = false;

  private constructor(
    private readonly broker: Aedes,
    private readonly options: MqttServerOptions<Session>,
  ) {
    this.limits = { ...mqttServerLimits, ...options.limits };
    this.decide();
    this.observe();
  }

  static async start<Session>(options: MqttServerOptions<Session>): Promise<MqttServer<Session>> {
    const { connectTimeoutMs, drainTimeoutMs } = { ...mqttServerLimits, ...options.limits };
    const broker = await Aedes.createBroker({
      mq: noRouting,
      // The guard in front is the one that keeps this time; the broker's own timer must not be earlier.
      connectTimeout: 2 * connectTimeoutMs,
      drainTimeout: drainTimeoutMs,
      maxClientsIdLength: CLIENT_ID_CHARACTERS_MAX,
    });
    return new MqttServer(broker, options);
  }

  /** Owns the connection from here on. */
  readonly handle = (transport: MqttTransport): void => {
    const { metrics, application } = this.options;
    const { stream, remoteAddress } = transport;
    if (this.closing || this.live.size >= this.limits.connectionsMax) {
      stream.on('error', () => undefined).destroy();
      if (!this.closing) metrics.refused({ protocol: 'mqtt', reason: 'too-many-connections', remoteAddress });
      return;
    }
    const guard = new FrameGuard(stream, this.limits);
    const client = this.broker.handle(guard);
    const { messagesPendingMax } = this.limits;
    const connection = new LiveConnection({ client, guard, transport, application, metrics, messagesPendingMax });
    this.live.set(client, connection);
    metrics.count('mqtt.connections');
    guard.once('close', () => {
      this.live.delete(client);
      metrics.count('mqtt.connections', -1);
      connection.ended();
    });
  };

  /** Connections of devices that are let in; for applications that end them. */
  connections(): readonly LiveConnection<Session>[] {
    return [...this.live.values()];
  }

  /** Takes no more connections, lets messages in progress be answered within a limit, and ends all connections. */
  async close(): Promise<void> {
    this.closing = true;
    const deadlineMs = performance.now() + this.limits.stopTimeoutMs;
    while (performance.now() < deadlineMs && this.connections().some(({ pending }) => pending > 0)) {
      await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS));
    }
    for (const client of this.live.keys()) client.close();
    await new Promise<void>((resolve) => this.broker.close(resolve));
  }

  private decide(): void {
    const { broker, live } = this;
    broker.preConnect = (_client, packet, done) => {
      // Neither outlives a connection here: no session to come back to, and no last will.
      packet.clean = true;
      delete packet.will;
      done(null, true);
    };
    broker.authenticate = (client, userName, password, done) => {
      void this.authenticate(client, userName, password).then((error) => done(error, error === null));
    };
    broker.authorizeSubscribe = (client, subscription, done) => {
      done(null, live.get(client)?.subscribe(subscription) ?? null);
    };
    broker.authorizePublish = (client, { topic }, done) => {
      const connection = client === null ? undefined : live.get(client);
      done(connection === undefined ? new Error('connection closed') : connection.take(topic));
    };
    broker.published = ({ topic, payload }, client, done) => {
      // The broker publishes notes about itself too, without a client.
      const connection = live.get(client);
      if (connection !== undefined) connection.receive({ topic, payload: Buffer.from(payload) });
      done();
    };
  }

  private observe(): void {
    const { broker, live } = this;
    broker.on('unsubscribe', (filters, client) => live.get(client)?.unsubscribe(filters));
    broker.on('clientReady', (client) => live.get(client)?.open());
    broker.on('clientError', (client, error) => live.get(client)?.refuse(error));
    broker.on('connectionError', (client, error) => live.get(client)?.refuse(error));
  }

  private async authenticate(
    client: Client,
    userName: string | undefined,
    password: Buffer | undefined,
  ): Promise<AuthenticateError | null> {
    const verdict = await this.live.get(client)?.authenticate(userName, password);
    if (verdict === undefined) return null;
    return withCode(new MqttRefusal(verdict.reason, verdict.detail), verdict.code);
  }
}

function withCode(error: MqttRefusal, code: ConnackCode): AuthenticateError {
  const withReturnCode: Error = Object.assign(error, { returnCode: code });
  return withReturnCode as AuthenticateError;
}
