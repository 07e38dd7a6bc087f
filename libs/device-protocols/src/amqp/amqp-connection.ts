import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Connection } from 'rhea';
import type { DeviceCaller, DeviceService, EdgeMetrics } from '../device-service';
import { presentedChain } from '../https/presented-chain';
import { DeviceLinks, LinkCredentials } from './device-links';
import { AmqpFrameGuard } from './frame-guard';
import { FrameReader } from './frame-reader';
import type { AmqpConnectionLimits } from './limits';
import { protocolHeader, readProtocolHeader } from './protocol-header';
import { AmqpRefusal } from './refusal';
import { FrameSocket, acceptConnection } from './rhea-server';
import { outcomeFrame, saslCodes } from './sasl-frames';
import { SaslLayer, SaslProgress, outcomeOf } from './sasl-layer';
import { DeviceClaim, SaslMechanism, certificateMechanism, plainMechanism } from './sasl-mechanisms';
import { TpmChallenger, TpmMechanism } from './tpm-mechanism';

/** A connection that a listener hands over; nothing of AMQP has been read. */
export interface AmqpTransport {
  readonly stream: Duplex;
  readonly socket: TLSSocket;
  readonly remoteAddress: string;
}

export interface AmqpConnectionOptions {
  readonly transport: AmqpTransport;
  readonly service: DeviceService;
  readonly tpmChallenger: TpmChallenger | undefined;
  readonly metrics: EdgeMetrics;
  readonly limits: AmqpConnectionLimits;
}

/** How long a connection that is ended may take to send what was written last. */
const LINGER_MS = 1_000;
const DETAIL_CHARACTERS_MAX = 200;
/** No api-version is known before the links; this one only has credentials checked. */
const ATTESTATION_API_VERSION = '2019-03-31';
const TRY_AGAIN = 429;

type Phase = 'first header' | 'sasl' | 'second header' | 'amqp' | 'ended';

/**
 * One connection from its first byte on. Either SASL comes first, or AMQP at once from a device that showed a certificate; only
 * what has passed this, and the guard behind it, reaches the AMQP library.
 */
export class AmqpConnection {
  private phase: Phase = 'first header';
  private readonly sasl: SaslLayer;
  private readonly guard: AmqpFrameGuard;
  /** Of the handshake first, then of silence. */
  private timer: NodeJS.Timeout;
  private isOpen = false;
  private claim: DeviceClaim | undefined;
  private socket: FrameSocket | undefined;
  private amqp: { readonly connection: Connection; readonly links: DeviceLinks } | undefined;

  constructor(private readonly options: AmqpConnectionOptions) {
    const { limits } = options;
    this.sasl = new SaslLayer(this.mechanisms());
    this.guard = new AmqpFrameGuard(limits);
    const late = new AmqpRefusal('handshake-timeout', `not open within ${limits.handshakeTimeoutMs} ms`);
    this.timer = setTimeout(() => this.refuse(late), limits.handshakeTimeoutMs);
  }

  /** Requests that are being worked on. */
  get pending(): number {
    return this.amqp?.links.pending ?? 0;
  }

  /** Ends when the connection has ended. */
  async run(): Promise<void> {
    const { stream } = this.options.transport;
    stream.on('error', () => undefined);
    const reader = new FrameReader(() => this.expected());
    try {
      // One unit after the other, also while credentials are checked: a peer that is ahead waits in its socket.
      for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
        for (const unit of reader.read(chunk as Buffer)) await this.take(unit);
        if (this.isEnded()) break;
      }
    } catch (error) {
      if (error instanceof AmqpRefusal) this.refuse(error);
      else if (!stream.destroyed) this.refuse(new AmqpRefusal('failed', error instanceof Error ? error.message : 'unknown'));
    }
    await this.ended();
  }

  /** Says goodbye in the protocol's words, where there is somebody to hear it. */
  close(): void {
    if (this.amqp === undefined) this.end();
    else this.amqp.connection.close({ condition: 'amqp:connection:forced', description: 'the service stops' });
  }

  private expected(): { unit: 'protocol header' | 'frame'; frameBytesMax: number } {
    const { saslFrameBytesMax, frameBytesMax } = this.options.limits;
    const unit = this.phase === 'first header' || this.phase === 'second header' ? 'protocol header' : 'frame';
    return { unit, frameBytesMax: this.phase === 'sasl' ? saslFrameBytesMax : frameBytesMax };
  }

  private async take(unit: Buffer): Promise<void> {
    const { stream } = this.options.transport;
    if (this.phase === 'amqp') {
      if (this.isOpen) this.timer.refresh();
      this.guard.inspect(unit);
      this.socket?.emit('data', unit);
    } else if (this.phase === 'sasl') await this.takeSasl(unit);
    else if (this.phase !== 'ended') {
      const layer = readProtocolHeader(unit);
      if (layer === 'amqp') this.openAmqp(unit);
      else if (this.phase === 'second header') throw new AmqpRefusal('protocol-header', 'SASL after SASL');
      else {
        this.phase = 'sasl';
        stream.write(Buffer.concat([protocolHeader('sasl'), this.sasl.offer()]));
      }
    }
  }

  private async takeSasl(frame: Buffer): Promise<void> {
    const { stream } = this.options.transport;
    try {
      const progress = await this.sasl.take(frame);
      if ('said' in progress) await this.check(progress.said);
      if (this.isEnded()) return;
      stream.write('send' in progress ? progress.send : outcomeFrame(saslCodes.ok));
      if ('said' in progress) this.phase = 'second header';
    } catch (error) {
      if (error instanceof AmqpRefusal && !stream.destroyed) stream.write(outcomeFrame(outcomeOf(error)));
      throw error;
    }
  }

  private async check(said: Extract<SaslProgress, { said: unknown }>['said']): Promise<void> {
    if ('certificate' in said) {
      this.requireCertificate();
      return;
    }
    const { claim } = said;
    const caller = { ...this.presented(claim), ...claim, apiVersion: ATTESTATION_API_VERSION, clientVersion: undefined };
    const refusal = await this.options.service.refusal(caller);
    if (refusal !== undefined) {
      const reason = refusal.status >= TRY_AGAIN ? 'unavailable' : 'credentials';
      throw new AmqpRefusal(reason, `refused with status ${refusal.status}`);
    }
    this.claim = claim;
  }

  private requireCertificate(): void {
    if (presentedChain(this.options.transport.socket).length === 0) {
      throw new AmqpRefusal('no-credentials', 'neither a token nor a certificate');
    }
  }

  private openAmqp(header: Buffer): void {
    if (this.phase === 'first header') this.requireCertificate();
    this.phase = 'amqp';
    const { transport, limits, service, metrics } = this.options;
    const socket = new FrameSocket(transport.stream, (unreadBytes) => {
      if (unreadBytes > limits.unreadBytesMax) this.cut(new AmqpRefusal('slow', `${unreadBytes} bytes not read`));
    });
    this.socket = socket;
    const connection = acceptConnection(socket, limits);
    const onRefusal = (refusal: AmqpRefusal): void => this.refuse(refusal);
    this.listen(connection);
    const credentials: LinkCredentials = { device: this.claim, caller: this.presented(this.claim) };
    const onAnswered = (): void => this.guard.answered();
    const links = new DeviceLinks({ connection, credentials, service, metrics, limits, onAnswered, onRefusal });
    this.amqp = { connection, links };
    socket.emit('data', header);
  }

  private listen(connection: Connection): void {
    const onError = (error: unknown): void =>
      this.refuse(new AmqpRefusal('malformed', error instanceof Error ? error.message : 'not understood'));
    connection.on('connection_open', () => this.watchSilence());
    for (const event of ['error', 'protocol_error']) connection.on(event, onError);
    // Errors that a peer reports are its own affair; the library only wants to know that somebody has heard of them.
    for (const event of ['connection_error', 'session_error', 'receiver_error', 'sender_error', 'disconnected']) {
      connection.on(event, () => undefined);
    }
    connection.on('connection_close', () => this.end());
  }

  private watchSilence(): void {
    clearTimeout(this.timer);
    this.isOpen = true;
    const silenceMs = 2 * this.options.limits.idleTimeoutMs;
    const silent = new AmqpRefusal('idle', `silent for ${silenceMs} ms`);
    this.timer = setTimeout(() => this.refuse(silent), silenceMs);
  }

  private presented(claim: DeviceClaim | undefined): LinkCredentials['caller'] {
    const { socket, remoteAddress } = this.options.transport;
    const presented: Omit<DeviceCaller, 'idScope' | 'registrationId' | 'apiVersion' | 'clientVersion'> = {
      transport: 'amqp',
      authorization: claim?.authorization,
      certificates: presentedChain(socket),
      ...(claim?.tpm === undefined ? {} : { tpm: claim.tpm }),
      remoteAddress,
    };
    return presented;
  }

  private mechanisms(): ReadonlyMap<string, () => SaslMechanism> {
    const { tpmChallenger } = this.options;
    const mechanisms = new Map<string, () => SaslMechanism>([['PLAIN', () => plainMechanism]]);
    if (tpmChallenger !== undefined) mechanisms.set('TPM', () => new TpmMechanism(tpmChallenger));
    return mechanisms.set('EXTERNAL', () => certificateMechanism).set('ANONYMOUS', () => certificateMechanism);
  }

  private refuse(refusal: AmqpRefusal): void {
    if (this.isEnded()) return;
    const { metrics, transport } = this.options;
    const { remoteAddress } = transport;
    metrics.refused({
      protocol: 'amqp',
      reason: refusal.reason,
      remoteAddress,
      detail: refusal.message.slice(0, DETAIL_CHARACTERS_MAX),
    });
    this.amqp?.connection.close({ condition: 'amqp:connection:forced', description: refusal.reason });
    this.end();
  }

  /** Without waiting for a peer that does not read. */
  private cut(refusal: AmqpRefusal): void {
    this.refuse(refusal);
    this.options.transport.stream.destroy();
  }

  private isEnded(): boolean {
    return this.phase === 'ended';
  }

  /** What was written last still goes out; what comes in is not looked at any more. */
  private end(): void {
    if (this.isEnded()) return;
    this.phase = 'ended';
    clearTimeout(this.timer);
    const { stream } = this.options.transport;
    setTimeout(() => stream.destroy(), LINGER_MS).unref();
    setImmediate(() => setImmediate(() => (this.socket === undefined ? stream.end() : this.socket.end())));
  }

  private async ended(): Promise<void> {
    this.end();
    const { stream } = this.options.transport;
    if (!stream.closed) await new Promise<void>((resolve) => stream.once('close', () => resolve()));
    // Only now, because the library says its own goodbye in a later turn; this ends its timers.
    this.socket?.emit('end');
  }
}
