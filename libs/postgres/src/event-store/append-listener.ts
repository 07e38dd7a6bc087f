import { Bell, Log } from '@app/event-sourcing';
import { Client, ClientConfig, escapeIdentifier } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../connection-loss';

/**
 * One connection kept for LISTEN. It rings the bell at each notification, and after each reconnect, since notifications may have been
 * missed. A lost connection costs latency only: subscribers also poll.
 */
export class AppendListener {
  private readonly closing = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly config: ClientConfig,
    private readonly channel: string,
    private readonly bell: Bell,
    private readonly log: Log,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.closing;
    for (let attempt = 0; !this.isClosing(); attempt++) {
      const listened = await this.listen(signal).catch((error: unknown) => {
        this.log.debug({ error: error instanceof Error ? error.message : String(error) }, 'no connection for notifications');
        return false;
      });
      if (listened) attempt = 0;
      await sleep(backoffMs(attempt), undefined, { signal }).catch(() => undefined);
    }
  }

  private isClosing(): boolean {
    return this.closing.signal.aborted;
  }

  /** Resolves with true when a connection that worked has ended. */
  private async listen(signal: AbortSignal): Promise<boolean> {
    const client = new Client(this.config);
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    client.once('end', end).once('error', end);
    signal.addEventListener('abort', end);
    client.on('error', (error) => this.log.debug({ error: error.message }, 'the connection for notifications was lost'));
    client.on('notification', () => this.bell.ring());
    try {
      await client.connect();
      await client.query(`listen ${escapeIdentifier(this.channel)}`);
      this.bell.ring();
      await ended;
      return true;
    } finally {
      signal.removeEventListener('abort', end);
      await client.end().catch(() => undefined);
    }
  }
}
