import {
  Configuration,
  ConnectionHandler,
  ConnectionLedger,
  ConnectionMetrics,
  DoorRefusal,
  RequestHandler,
  Shutdown,
  TlsMaterial,
  createListener,
  createSocketListener,
} from '@app/platform';
import { Networks } from '@app/provisioning/shared/networks';
import { withForwardedCertificates } from './forwarded-certificates';

/** Host names that have an answerer of their own. */
export interface Named<Handler> {
  readonly hostNames: readonly string[];
  readonly handler: Handler;
}

/** A device protocol: over TLS on a port of its own, and over WebSocket on the HTTPS port. */
export interface DeviceProtocol {
  readonly name: string;
  /** Of the WebSocket. */
  readonly subprotocol: string;
  /** Undefined: no port of its own. */
  readonly port: number | undefined;
  readonly portVariable: string;
  /** The provisioning service's answerer; undefined in a process that does not run it. */
  readonly service: ConnectionHandler | undefined;
  readonly hubs: Named<ConnectionHandler> | undefined;
}

export interface DoorsOptions {
  readonly configuration: Configuration;
  readonly tls: TlsMaterial;
  readonly service: RequestHandler;
  readonly hubs: Named<RequestHandler> | undefined;
  readonly protocols: readonly DeviceProtocol[];
  readonly metrics: ConnectionMetrics;
  readonly shutdown: Shutdown;
}

export interface OpenDoors {
  readonly httpsPort: number;
  /** By the protocol's name; undefined for one that has no port of its own here. */
  portOf(protocol: string): number | undefined;
}

/** A listener that takes long has clients that do not leave. */
const LISTENER_STOP_TIMEOUT_MS = 15_000;

/** Opens every port of this process; `shutdown` closes them. Errors: `ListenError`. */
export async function openDoors(options: DoorsOptions): Promise<OpenDoors> {
  const { configuration, tls, metrics, shutdown } = options;
  const address = configuration.listenAddress;
  const gate = {
    ledger: new ConnectionLedger({
      connectionsMax: configuration.connectionsMax,
      perAddressMax: configuration.connectionsPerAddressMax,
      count: (name, by) => metrics.count(name, by),
    }),
    proxies: configuration.proxyProtocolFrom.length === 0 ? undefined : new Networks(configuration.proxyProtocolFrom),
  };
  const onRefused = (refusal: DoorRefusal): void => metrics.refused({ ...refusal, protocol: 'https' });
  const https = await createListener({
    tls,
    port: configuration.httpsPort,
    address,
    routes: options.hubs === undefined ? [] : [options.hubs],
    fallback: withForwardedCertificates(options.service, configuration.forwardedCertificatesFrom, metrics),
    gate,
    upgrades: options.protocols.flatMap(upgradesOf),
    onRefused,
  });
  shutdown.add('listener', () => https.close(), LISTENER_STOP_TIMEOUT_MS);
  const ports = new Map<string, number>();
  for (const protocol of options.protocols) {
    const { name, port, portVariable, service, hubs } = protocol;
    if (port === undefined || (service === undefined && hubs === undefined)) continue;
    const listener = await createSocketListener({
      tls,
      port,
      portVariable,
      address,
      routes: hubs === undefined ? [] : [{ hostNames: hubs.hostNames, handle: hubs.handler }],
      fallback: service,
      gate,
      onRefused: (refusal) => metrics.refused({ ...refusal, protocol: name }),
    });
    shutdown.add(`${name} listener`, () => listener.close());
    ports.set(name, listener.port);
  }
  return { httpsPort: https.port, portOf: (protocol) => ports.get(protocol) };
}

function upgradesOf({ subprotocol, service, hubs }: DeviceProtocol) {
  return [
    ...(service === undefined ? [] : [{ hostNames: 'fallback' as const, protocol: subprotocol, handle: service }]),
    ...(hubs === undefined ? [] : [{ hostNames: hubs.hostNames, protocol: subprotocol, handle: hubs.handler }]),
  ];
}
