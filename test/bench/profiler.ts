import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;
const WRITE_TIMEOUT_MS = 60_000;
/** Where `profiler-hook.js` lies, seen from the project's root. */
const HOOK = resolve('test/bench/profiler-hook.js');

/** Takes a CPU profile of the service while one phase runs. */
export class Profiler {
  private profiles = 0;

  /** Without a directory nothing is profiled. */
  constructor(private readonly directory: string | undefined) {}

  /** What the service is to be started with. */
  async environment(): Promise<Record<string, string>> {
    if (this.directory === undefined) return {};
    await mkdir(this.directory, { recursive: true });
    return { NODE_OPTIONS: `--require "${HOOK}"`, BENCH_PROFILE_DIR: resolve(this.directory) };
  }

  /** The result of `work`, and the file of its profile when there is one. */
  async during<T>(servicePid: number, work: () => Promise<T>): Promise<{ result: T; file: string | undefined }> {
    if (this.directory === undefined) return { result: await work(), file: undefined };
    process.kill(servicePid, 'SIGUSR2');
    const result = await work();
    process.kill(servicePid, 'SIGUSR2');
    const file = join(this.directory, `${++this.profiles}.cpuprofile`);
    for (let waitedMs = 0; !existsSync(file); waitedMs += POLL_MS) {
      if (waitedMs > WRITE_TIMEOUT_MS) throw new Error(`the service has written no ${file}`);
      await sleep(POLL_MS);
    }
    return { result, file };
  }
}
