import { createSecureContext, rootCertificates, SecureContext } from 'node:tls';
import { Pool } from 'undici';
import { CircuitBreaker } from './circuit-breaker';
import { extensionSurface } from './extension-surface';
import { refusal } from './hub-answer';
import { HubClient, HubGatewayLog } from './hub-client';
import {
  DeviceToPut,
  HubConnection,
  HubDevice,
  HubGateway,
  HubRefused,
  HubUnreachable,
  IdentityPatch,
  MethodOutcome,
  MethodRequest,
  PutCondition,
  TagCondition,
  TaggedDevices,
} from './hub-gateway';
import { HubSession, HubSurface } from './hub-surface';
import { invokeMethod } from './method-call';
import { localhostLookup } from './localhost-lookup';
import { devicesTagged } from './tag-query';
import { registrySurface } from './registry-surface';
import { HubCallLimits, hubCallLimits } from './retry';

/** Connections to one hub; a TLS handshake costs as much CPU as twenty calls, so they are kept. */
const CONNECTIONS_MAX = 64;
/** Hubs with an open pool: every linked hub, and as many that were unlinked while a move was under way. */
const HUBS_MAX = 100;
/** An idle connection is kept this long, unless the hub names a shorter time. */
const KEEP_ALIVE_MS = 60_000;
const HTTPS_PORT = 443;
/** However they are encoded, servers take these for steps in the path: the call would hit another resource. */
const STEPS_IN_A_PATH: ReadonlySet<string> = new Set(['', '.', '..']);

export interface IotHubGatewayOptions {
  /** PEM of an authority to trust beside the public ones. */
  readonly ca?: string | undefined;
  /** TCP port of a hub; 443 where it gives none. */
  readonly portOf?: (hostName: string) => number | undefined;
  /** False: never ask for the reference hub's extension, use the registry that every IoT Hub has. */
  readonly useExtension?: boolean;
  readonly limits?: Partial<HubCallLimits>;
  readonly connectionsMax?: number;
  readonly log?: HubGatewayLog | undefined;
}

interface KnownHub {
  readonly client: HubClient;
  readonly pool: Pool;
  readonly port: number;
  readonly breaker: CircuitBreaker;
  /** Whether the hub has the extension; asked once, and again after a call has failed. */
  extension: Promise<boolean> | undefined;
}

/** Reaches hubs over HTTPS: the reference hub by its extension, every other by IoT Hub's registry. */
export class IotHubGateway implements HubGateway {
  private readonly hubs = new Map<string, KnownHub>();
  private readonly closing = new AbortController();
  private readonly limits: HubCallLimits;
  private readonly secureContext: SecureContext;

  constructor(private readonly options: IotHubGatewayOptions = {}) {
    this.limits = { ...hubCallLimits, ...options.limits };
    // Made once: with the public authorities it takes milliseconds, and every connection would make it anew.
    this.secureContext = createSecureContext(options.ca === undefined ? {} : { ca: [...rootCertificates, options.ca] });
  }

  readDevice(hub: HubConnection, deviceId: string): Promise<HubDevice | undefined> {
    return this.on(hub, deviceId, (surface, session) => surface.readDevice(session, deviceId));
  }

  putDevice(hub: HubConnection, device: DeviceToPut, condition: PutCondition): Promise<HubDevice> {
    return this.on(hub, device.deviceId, (surface, session) => surface.putDevice(session, device, condition));
  }

  updateIdentity(hub: HubConnection, deviceId: string, patch: IdentityPatch, condition: { tag: string }): Promise<HubDevice> {
    return this.on(hub, deviceId, (surface, session) => surface.updateIdentity(session, deviceId, patch, condition));
  }

  deleteDevice(hub: HubConnection, deviceId: string, condition: { tag: string }): Promise<boolean> {
    return this.on(hub, deviceId, (surface, session) => surface.deleteDevice(session, deviceId, condition));
  }

  eraseDevice(hub: HubConnection, deviceId: string, options: { readonly deletes: boolean }): Promise<'erased' | 'otherDevice'> {
    return this.on(hub, deviceId, (surface, session) => surface.eraseDevice(session, deviceId, options));
  }

  carriesWholeTwin(hub: HubConnection): Promise<boolean> {
    return this.hasExtension(this.known(hub), hub);
  }

  invokeMethod(hub: HubConnection, deviceId: string, method: MethodRequest): Promise<MethodOutcome> {
    return this.on(hub, deviceId, (_surface, session) => invokeMethod(session, deviceId, method));
  }

  devicesTagged(hub: HubConnection, tag: TagCondition, continuation?: string): Promise<TaggedDevices> {
    return this.on(hub, 'devices', (_surface, session) => devicesTagged(session, tag, continuation));
  }

  unreachableHubs(): ReadonlySet<string> {
    return new Set([...this.hubs].filter(([, { breaker }]) => breaker.isOpen).map(([hostName]) => hostName));
  }

  /** Ends pauses between attempts and waits for calls under way, each bounded by its own time limit. */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all([...this.hubs.values()].map(({ pool }) => pool.close()));
  }

  private async on<T>(
    hub: HubConnection,
    deviceId: string,
    use: (surface: HubSurface, session: HubSession) => Promise<T>,
  ): Promise<T> {
    const known = this.known(hub);
    if (STEPS_IN_A_PATH.has(deviceId)) {
      throw new HubRefused(hub.hostName, 400, 'ArgumentInvalid', `a device called "${deviceId}" cannot be addressed`);
    }
    if (known.breaker.isOpen) throw new HubUnreachable(hub.hostName, `${hub.hostName} has not answered lately`);
    try {
      const surface = (await this.hasExtension(known, hub)) ? extensionSurface : registrySurface;
      const answer = await use(surface, sessionOf(known, hub));
      known.breaker.answered();
      return answer;
    } catch (error) {
      if (error instanceof HubUnreachable) known.breaker.gaveNoAnswer();
      else known.breaker.answered();
      if (error instanceof HubUnreachable || error instanceof HubRefused) known.extension = undefined;
      throw error;
    }
  }

  private hasExtension(known: KnownHub, hub: HubConnection): Promise<boolean> {
    if (this.options.useExtension === false) return Promise.resolve(false);
    if (known.extension !== undefined) return known.extension;
    const probe = probeExtension(sessionOf(known, hub));
    known.extension = probe;
    probe.catch(() => {
      if (known.extension === probe) known.extension = undefined;
    });
    return probe;
  }

  private known(hub: HubConnection): KnownHub {
    const hostName = hub.hostName.toLowerCase();
    const port = this.options.portOf?.(hostName) ?? HTTPS_PORT;
    const before = this.hubs.get(hostName);
    if (before?.port === port) return before;
    // The port of a hub in this process is known only when the listener is up; a pool made before that leads nowhere.
    if (before !== undefined) this.forget(hostName, before);
    else if (this.hubs.size >= HUBS_MAX) this.forgetOldest();
    const pool = this.poolFor(hostName, port);
    const client = new HubClient(hostName, pool, this.limits, this.options.log, this.closing.signal);
    const closing = this.closing.signal;
    const breaker = new CircuitBreaker({
      closing,
      probe: () => answers({ hostName, call: (call) => client.call(call, hub.connectionString) }),
    });
    const known: KnownHub = { client, pool, port, breaker, extension: undefined };
    this.hubs.set(hostName, known);
    return known;
  }

  private poolFor(hostName: string, port: number): Pool {
    return new Pool(`https://${hostName}:${port}`, {
      connections: this.options.connectionsMax ?? CONNECTIONS_MAX,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // One timer per attempt bounds everything, so undici's own are off.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { lookup: localhostLookup, secureContext: this.secureContext, timeout: this.limits.attemptTimeoutMs },
    });
  }

  private forgetOldest(): void {
    const oldest = this.hubs.entries().next();
    if (oldest.done !== true) this.forget(...oldest.value);
  }

  private forget(hostName: string, { pool, breaker }: KnownHub): void {
    this.hubs.delete(hostName);
    breaker.answered();
    // Calls under way finish; each has its own time limit.
    void pool.close();
  }
}

function sessionOf({ client }: KnownHub, hub: HubConnection): HubSession {
  return { hostName: client.hostName, call: (call) => client.call(call, hub.connectionString) };
}

/** A hub that refuses the caller would be asked in vain on the other routes, too: that is an error, not an answer. */
async function probeExtension(session: HubSession): Promise<boolean> {
  const answer = await session.call({ method: 'GET', path: '/rehome/capabilities' });
  if (answer.status === 401 || answer.status === 403) throw refusal(session.hostName, answer);
  if (answer.status !== 200) return false;
  return (answer.body as { carriesWholeTwin?: unknown } | undefined)?.carriesWholeTwin === true;
}

/** A refusal is an answer, too. */
async function answers(session: HubSession): Promise<boolean> {
  try {
    await probeExtension(session);
    return true;
  } catch (error) {
    return !(error instanceof HubUnreachable);
  }
}
