import { RunningService, startService } from '@test/support/running-service';

/** Lives in which one request may be cut off before it counts as never answered. */
const LIVES_MAX = 40;
/** Between attempts in one life: the process may have been killed without the client knowing yet. */
const RETRY_PAUSE_MS = 20;
const LOST = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** A service that is killed again and again, and its clients' patience with it. */
export class MortalService {
  private life: Promise<RunningService>;

  private constructor(
    private running: RunningService,
    private readonly env: Readonly<Record<string, string>>,
  ) {
    this.life = Promise.resolve(running);
  }

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
    let startedMs = 0;
    this.life = process.ended.then(() => {
      startedMs = performance.now();
      return this.running.restart(this.env);
    });
    this.running = await this.life;
    return { startMs: performance.now() - startedMs, output: process.output() };
  }

  /** Ends the last life; who still asks is told so. */
  close(): Promise<void> {
    this.life = Promise.reject(new Error('the service was closed'));
    this.life.catch(() => undefined);
    return this.running.close();
  }

  /** The service when it answers again. Error: that of a start that failed. */
  alive(): Promise<RunningService> {
    return this.life;
  }

  /** Repeats what a client asks until it is answered. Errors: whatever is an answer, or none in `LIVES_MAX` lives. */
  async answered<T>(what: string, request: (service: RunningService) => Promise<T>): Promise<T> {
    const lives = new Set<RunningService>();
    for (;;) {
      const service = await this.life;
      lives.add(service);
      try {
        return await request(service);
      } catch (cause) {
        if (!isLost(cause)) throw cause;
        if (lives.size > LIVES_MAX) throw new Error(`${what}: no answer in ${LIVES_MAX} lives`, { cause });
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
