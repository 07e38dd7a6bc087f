import type { DeviceService, EdgeMetrics } from '../device-service';
import { AmqpConnection, AmqpTransport } from './amqp-connection';
import { amqpConnectionLimits } from './limits';
import type { TpmChallenger } from './tpm-mechanism';

/** Bounds of the AMQP end point. */
export const amqpServerLimits = {
  ...amqpConnectionLimits,
  connectionsMax: 20_000,
  /** What requests in progress get when the server closes. */
  stopTimeoutMs: 3_000,
} as const;
export type AmqpServerLimits = { readonly [Limit in keyof typeof amqpServerLimits]: number };

export interface AmqpServerOptions {
  readonly service: DeviceService;
  /** Absent where devices with a TPM are not served. */
  readonly tpmChallenger?: TpmChallenger;
  readonly metrics: EdgeMetrics;
  readonly limits?: Partial<AmqpServerLimits>;
}

const STOP_POLL_MS = 10;

/** AMQP 1.0 for devices (wire contract §2.2), on connections that a listener hands over: of a TLS port or of a WebSocket. */
export class AmqpServer {
  private readonly limits: AmqpServerLimits;
  private readonly live = new Set<AmqpConnection>();
  private closing = false;

  constructor(private readonly options: AmqpServerOptions) {
    this.limits = { ...amqpServerLimits, ...options.limits };
  }

  /** Owns the connection from here on. */
  readonly handle = (transport: AmqpTransport): void => {
    const { service, metrics, tpmChallenger } = this.options;
    const { stream, remoteAddress } = transport;
    if (this.closing || this.live.size >= this.limits.connectionsMax) {
      stream.on('error', () => undefined).destroy();
      if (!this.closing) metrics.refused({ protocol: 'amqp', reason: 'too-many-connections', remoteAddress });
      return;
    }
    const connection = new AmqpConnection({ transport, service, tpmChallenger, metrics, limits: this.limits });
    this.live.add(connection);
    metrics.count('amqp.connections');
    void connection.run().then(() => {
      this.live.delete(connection);
      metrics.count('amqp.connections', -1);
    });
  };

  /** Takes no more connections, lets requests in progress be answered within a limit, and ends all connections. */
  async close(): Promise<void> {
    this.closing = true;
    const deadlineMs = performance.now() + this.limits.stopTimeoutMs;
    while (performance.now() < deadlineMs && [...this.live].some(({ pending }) => pending > 0)) {
      await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS));
    }
    for (const connection of this.live) connection.close();
  }
}
