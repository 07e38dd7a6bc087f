import { TLSSocket, connect } from 'node:tls';
import { Endpoint } from '@test/support/clients';

export interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

const ANSWER_BYTES_MAX = 1024 * 1024;
const ANSWER_TIMEOUT_MS = 30_000;
const HEAD_END = Buffer.from('\r\n\r\n');
const STATUS = /^HTTP\/1\.1 (\d{3}) /;
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;

/**
 * One TLS connection with one request at a time, as a load generator needs it: it shares the machine with what it measures, and
 * `node:https` costs several times as much for each request. Understands answers with a `Content-Length` only.
 */
export class TlsConnection {
  private received: Buffer = Buffer.alloc(0);
  private pending: { resolve: (answer: RawAnswer) => void; reject: (error: Error) => void } | undefined;

  private constructor(private readonly socket: TLSSocket) {
    socket.setNoDelay(true).setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('error', (error: Error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('the service closed the connection')));
  }

  static open({ port, ca }: Endpoint): Promise<TlsConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' });
      socket.once('error', reject).once('secureConnect', () => {
        socket.off('error', reject);
        resolve(new TlsConnection(socket));
      });
    });
  }

  /** Sends a whole request and gives its answer. Error: the connection is lost, slow, or answers what this does not understand. */
  send(request: string): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      if (this.pending !== undefined) throw new Error('one request at a time');
      this.pending = { resolve, reject };
      this.socket.write(request);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    const headEnd = this.received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.received.toString('latin1', 0, headEnd);
    const status = STATUS.exec(head)?.[1];
    const length = CONTENT_LENGTH.exec(head)?.[1];
    if (status === undefined || length === undefined || Number(length) > ANSWER_BYTES_MAX) {
      this.socket.destroy(new Error(`an answer that the load generator does not understand: ${head}`));
      return;
    }
    const bodyStart = headEnd + HEAD_END.length;
    const end = bodyStart + Number(length);
    if (this.received.length < end) return;
    const body = this.received.toString('utf8', bodyStart, end);
    this.received = this.received.subarray(end);
    const { pending } = this;
    this.pending = undefined;
    pending?.resolve({ status: Number(status), body });
  }

  private fail(error: Error): void {
    const { pending } = this;
    this.pending = undefined;
    pending?.reject(error);
  }
}
