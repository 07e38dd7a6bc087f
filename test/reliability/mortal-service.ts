import { RunningService, startService } from '@test/support/running-service';

/** How long a request is tried again while the service is away: longer than a start may take, so that a failed start is what is told. */
const AWAY_TIMEOUT_MS = 120_000;
const RETRY_PAUSE_MS = 20;
const LOST = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** A service that is killed again and again, and its clients' patience with it. */
export class MortalService {
  private constructor(
    private running: RunningService,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  static async start(env: Readonly<Record<string, string>>): Promise<MortalService> {
    return new MortalService(await startService(env), env);
  }

  /** The newest life; between two lives, the one that has ended. */
  get current(): RunningService {
    return this.running;
  }

  /** SIGKILL and a start on the same data; gives the milliseconds that the start took, and what the killed process had written. */
  async killAndRestart(): Promise<{ startMs: number; output: string }> {
    const { process } = this.running;
    process.kill('SIGKILL');
    await process.ended;
    const startedMs = performance.now();
    this.running = await this.running.restart(this.env);
    return { startMs: performance.now() - startedMs, output: process.output() };
  }

  close(): Promise<void> {
    return this.running.close();
  }

  /** Repeats what a client asks until it is answered. Errors: whatever is an answer. */
  async answered<T>(request: (service: RunningService) => Promise<T>): Promise<T> {
    const deadline = performance.now() + AWAY_TIMEOUT_MS;
    for (;;) {
      try {
        return await request(this.running);
      } catch (error) {
        if (!isLost(error) || performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS));
      }
    }
  }
}

/** Whether the connection broke before an answer came: what was asked for may or may not have happened. */
export function isLost(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return LOST.has(String(code)) || message === 'socket hang up' || message === 'aborted';
}
