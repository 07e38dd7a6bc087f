import { randomUUID } from 'node:crypto';
import { Aedes, Client, ConnectPacket, PublishPacket, Subscription as AskedSubscription } from 'aedes';
import { FrameGuard, MqttConnectionLimits, MqttRefusal } from '@app/device-protocols';
import { DeviceSession } from '../connections/device-session';
import { isDeviceId } from '../devices/device-id';
import { Hub } from '../hub';
import { credentialOf } from './device-credential';
import { handleDeviceMessage } from './device-requests';
import { fingerprintsOf, MqttConnection, OnRefused } from './mqtt-connection';
import { MqttLink } from './mqtt-link';
import { isCloudToDevice, parseFilter, parseTopic, parseUserName } from './topics';

/** Connections of one hub, those that have not proven themselves included. */
const CONNECTIONS_MAX = 10_000;
/** A device that does not read what it is sent. */
const DRAIN_TIMEOUT_MS = 10_000;
/** IoT Hub's longest keep-alive; a client that asks for none gets this one. It is cut after one and a half times as long. */
const KEEP_ALIVE_SECONDS_MAX = 1767;
/** Devices live here: they send more, and are silent for longer, than those that only register. */
const connectionLimits: MqttConnectionLimits = {
  connectBytesMax: 16 * 1024,
  packetBytesMax: 128 * 1024,
  connectTimeoutMs: 10_000,
  idleTimeoutMs: 2 * KEEP_ALIVE_SECONDS_MAX * 1000,
  packetsPerSecondMax: 500,
};
/** Packets waiting while a CONNECT is judged. */
const EARLY_PACKETS_MAX = 20;
/** The longest a timer can wait. */
const TIMER_MS_MAX = 2_147_483_647;

interface Connected {
  readonly connection: MqttConnection;
  readonly guard: FrameGuard;
  session?: DeviceSession;
  expiry?: NodeJS.Timeout;
  /** The reason is told already; the library then reports an error of its own. */
  refused?: true;
}

/**
 * The MQTT door of one hub (wire contract §6.5). The broker library speaks the protocol; what devices publish is a request to the
 * hub and goes to nobody else, and what they hear comes from the hub alone.
 */
export class HubBroker {
  private readonly clients = new WeakMap<Client, Connected>();
  private connections = 0;

  private constructor(
    private readonly hub: Hub,
    private readonly broker: Aedes,
    private readonly onRefused: OnRefused,
  ) {}

  static async start(hub: Hub, onRefused: OnRefused): Promise<HubBroker> {
    const broker = await Aedes.createBroker({
      // The guard in front is the one that keeps this time; the broker's own timer must not be earlier.
      connectTimeout: 2 * connectionLimits.connectTimeoutMs,
      drainTimeout: DRAIN_TIMEOUT_MS,
      queueLimit: EARLY_PACKETS_MAX,
      preConnect: (_client, packet, done) => {
        withoutSession(packet);
        done(null, true);
      },
    });
    const started = new HubBroker(hub, broker, onRefused);
    broker.authenticate = (client, userName, password, done) => {
      void started.admit(client, userName, password?.toString('utf8')).then((problem) => {
        if (problem !== undefined) started.refuseCredential(client, problem);
        // Without success and without an error the client gets return code 5: not authorized.
        done(null, problem === undefined);
      });
    };
    broker.authorizePublish = (client, packet, done) => done(client === null ? null : started.published(client, packet));
    broker.authorizeSubscribe = (client, asked, done) => done(null, started.subscribed(client, asked) ? asked : null);
    broker.on('unsubscribe', (filters, client) => started.unsubscribed(client, filters));
    for (const event of ['clientError', 'connectionError'] as const) {
      broker.on(event, (client, error) => started.failed(client, error));
    }
    return started;
  }

  /** Owns the connection from now on. */
  handle(connection: MqttConnection): void {
    if (this.broker.closed || this.connections >= CONNECTIONS_MAX) {
      this.onRefused({ protocol: 'hub-mqtt', reason: 'too-many-connections', remoteAddress: connection.remoteAddress });
      connection.stream.destroy();
      return;
    }
    this.connections++;
    const guard = new FrameGuard(connection.stream, connectionLimits);
    const connected: Connected = { connection, guard };
    const client = this.broker.handle(guard);
    this.clients.set(client, connected);
    guard.once('close', () => {
      this.connections--;
      clearTimeout(connected.expiry);
      if (connected.session !== undefined) this.hub.connections.leave(connected.session);
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.broker.close(resolve));
  }

  /** Why the client may not connect; undefined when it may. */
  private async admit(client: Client, userName = '', password?: string): Promise<string | undefined> {
    const connected = this.clients.get(client);
    const names = parseUserName(userName);
    if (connected === undefined || names === undefined) return 'the user name is not {host}/{deviceId}/?api-version=…';
    if (names.hostName !== this.hub.hostName) return 'the user name names another hub';
    if (names.moduleId !== undefined) return 'modules do not connect to this hub';
    if (!isDeviceId(names.deviceId) || client.id !== names.deviceId) return 'the client id is not the device id';
    const { deviceId } = names;
    const fingerprints = fingerprintsOf(connected.connection.socket);
    const credential = credentialOf(this.hub, { deviceId, password, fingerprints });
    if (credential.kind === 'refused') return credential.reason;
    const link = new MqttLink(client, (reason) => this.report(connected, 'sent-away', reason));
    const session = new DeviceSession(deviceId, credential.proof, link);
    const problem = await this.enter(connected, session);
    if (problem === undefined) {
      connected.guard.admit();
      this.expire(connected, session, credential.expiresAtMs);
    }
    return problem;
  }

  /**
   * The device is looked at again once its session can be found: a fence set in between has either been seen here or finds the
   * session to end.
   */
  private async enter(connected: Connected, session: DeviceSession): Promise<string | undefined> {
    const { connections, devices } = this.hub;
    try {
      const before = await devices.find(session.deviceId);
      const problem = before === undefined ? 'the device is not registered' : session.problemWith(before);
      if (problem !== undefined) return problem;
      if (connected.connection.stream.destroyed) return 'the connection has ended';
      connected.session = session;
      connections.enter(session);
      const after = await devices.find(session.deviceId);
      const late = after === undefined ? 'the device is not registered' : session.problemWith(after);
      if (late !== undefined) connections.leave(session);
      return late;
    } catch (error) {
      connections.leave(session);
      return `the device cannot be read: ${error instanceof Error ? error.message : 'unknown'}`;
    }
  }

  /** A connection lasts no longer than the token it began with. */
  private expire(connected: Connected, session: DeviceSession, expiresAtMs: number | undefined): void {
    if (expiresAtMs === undefined) return;
    const leftMs = Math.min(TIMER_MS_MAX, Math.max(0, expiresAtMs - this.hub.clock().getTime()));
    connected.expiry = setTimeout(() => session.close('the token has expired'), leftMs);
    connected.expiry.unref();
  }

  /** An error ends the connection. */
  private published(client: Client, packet: PublishPacket): Error | null {
    const connected = this.clients.get(client);
    const session = connected?.session;
    if (connected === undefined || session === undefined) return new Error('not connected');
    const topic = parseTopic(packet.topic, session.deviceId);
    if (topic === undefined) return new Error('this device may not publish to this topic');
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
    void handleDeviceMessage(this.hub, session, { topic, payload, trackingId: randomUUID() }).then((error) => {
      if (error !== undefined) this.report(connected, 'request', error.detail ?? error.message);
    });
    return null;
  }

  private subscribed(client: Client, { topic }: AskedSubscription): boolean {
    const subscription = parseFilter(topic);
    const session = this.clients.get(client)?.session;
    if (subscription === undefined || session === undefined) {
      const isMessages = isCloudToDevice(topic);
      const detail = isMessages ? 'cloud-to-device messages are not served' : 'nothing is served on this topic filter';
      this.refuse(client, isMessages ? 'cloud-to-device' : 'subscription', detail);
      return false;
    }
    session.subscriptions.add(subscription);
    return true;
  }

  private unsubscribed(client: Client, filters: readonly string[]): void {
    const session = this.clients.get(client)?.session;
    for (const filter of filters) {
      const subscription = parseFilter(filter);
      if (subscription !== undefined) session?.subscriptions.delete(subscription);
    }
  }

  private refuseCredential(client: Client, problem: string): void {
    const connected = this.clients.get(client);
    if (connected === undefined) return;
    connected.refused = true;
    this.report(connected, 'unauthorized', problem);
  }

  private failed(client: Client, error: Error): void {
    const connected = this.clients.get(client);
    if (connected === undefined || connected.refused === true) return;
    this.report(connected, error instanceof MqttRefusal ? error.reason : 'protocol', error.message);
  }

  private refuse(client: Client, reason: string, detail: string): void {
    const connected = this.clients.get(client);
    if (connected !== undefined) this.report(connected, reason, detail);
  }

  private report({ connection, session }: Connected, reason: string, detail?: string): void {
    const device = session === undefined ? '' : `device ${session.deviceId}: `;
    const { remoteAddress } = connection;
    this.onRefused({
      protocol: 'hub-mqtt',
      reason,
      remoteAddress,
      ...(detail === undefined ? {} : { detail: `${device}${detail}` }),
    });
  }
}

/** Sessions and wills are not kept: a device that is away is told nothing, and reads its twin when it is back. */
function withoutSession(packet: ConnectPacket): void {
  packet.clean = true;
  delete packet.will;
  if (packet.keepalive === 0 || (packet.keepalive ?? 0) > KEEP_ALIVE_SECONDS_MAX) packet.keepalive = KEEP_ALIVE_SECONDS_MAX;
}
