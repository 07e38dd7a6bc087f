import { Duplex } from 'node:stream';
import { PacketScanner } from './packet-scanner';

/** How long a connection that is ended gets to take its last bytes, such as the CONNACK that refuses it. */
const LAST_BYTES_TIMEOUT_MS = 1000;

/** A connection whose MQTT frames are checked before anybody collects them. `onRefused` gets a word for the log. */
export class GuardedStream extends Duplex {
  private readonly scanner = new PacketScanner();

  constructor(
    private readonly inner: Duplex,
    private readonly onRefused: (reason: string) => void,
  ) {
    super();
    inner.on('data', (chunk: Buffer) => this.received(chunk));
    inner.once('end', () => this.push(null));
    inner.once('close', () => this.destroy());
    inner.on('error', () => this.destroy());
  }

  override _read(): void {
    this.inner.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.inner.write(chunk, done);
  }

  /** A packet is written in several pieces; together they make one TLS record. */
  override _writev(chunks: { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.inner.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.inner.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.inner.destroyed) {
      const cut = setTimeout(() => this.inner.destroy(), LAST_BYTES_TIMEOUT_MS);
      this.inner.once('close', () => clearTimeout(cut));
      this.inner.end(() => this.inner.destroy());
    }
    done(error);
  }

  private received(chunk: Buffer): void {
    if (this.destroyed) return;
    const problem = this.scanner.scan(chunk);
    if (problem !== undefined) {
      this.onRefused(problem);
      this.destroy();
    } else if (!this.push(chunk)) this.inner.pause();
  }
}
