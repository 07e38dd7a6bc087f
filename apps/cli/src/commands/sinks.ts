import { createWriteStream } from 'node:fs';
import { IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { lookup } from '../connection/loopback';
import { CommandFailed, exitCode, usageError } from '../exit-codes';
import { Io } from '../io';

/** Takes the lines of a stream one after the other. */
export interface Sink {
  write(line: string): Promise<void>;
  close(): Promise<void>;
}

const ATTEMPTS_MAX = 8;
const RETRY_DELAY_MS = 250;
const RETRY_DELAY_MAX_MS = 10_000;
const POST_TIMEOUT_MS = 30_000;

export function outputSink({ stdout }: Io): Sink {
  return {
    write: async (line) => {
      // A pipe that is full is waited for.
      if (stdout.write(`${line}\n`) === false) await drained(stdout);
    },
    close: () => Promise.resolve(),
  };
}

async function drained(output: Io['stdout']): Promise<void> {
  if ('once' in output) await once(output as unknown as NodeJS.WritableStream, 'drain');
}

export function fileSink(path: string): Sink {
  const file = createWriteStream(path, { mode: 0o600 });
  let failure: Error | undefined;
  file.on('error', (error) => (failure = error));
  const check = (): void => {
    if (failure !== undefined) throw new CommandFailed(`${path} cannot be written: ${failure.message}`, exitCode.refused);
  };
  return {
    write: async (line) => {
      check();
      if (!file.write(`${line}\n`)) await Promise.race([once(file, 'drain'), once(file, 'close')]);
    },
    close: async () => {
      check();
      file.end();
      await finished(file).catch(() => undefined);
      check();
    },
  };
}

/** Posts each line and waits for a 2xx before the next, so that order is kept; errors and 5xx, 408 and 429 are tried again. */
export function httpSink(url: string, contentType: string, { signal }: Pick<Io, 'signal'>): Sink {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target === undefined || !['http:', 'https:'].includes(target.protocol))
    throw usageError('--to-url must be an http or https address');
  return {
    write: async (line) => {
      for (let attempt = 1; ; attempt++) {
        const outcome = await posted(target, contentType, line, signal);
        if (outcome === undefined) return;
        if (signal.aborted) throw new CommandFailed('interrupted', exitCode.refused);
        if (!outcome.mayRetry || attempt === ATTEMPTS_MAX) {
          throw new CommandFailed(
            `${target.origin} does not take an event after ${attempt} attempts: ${outcome.problem}`,
            exitCode.refused,
          );
        }
        await sleep(Math.min(RETRY_DELAY_MS * 2 ** (attempt - 1), RETRY_DELAY_MAX_MS), undefined, { signal }).catch(
          () => undefined,
        );
      }
    },
    close: () => Promise.resolve(),
  };
}

interface Failure {
  readonly problem: string;
  readonly mayRetry: boolean;
}

function posted(target: URL, contentType: string, line: string, signal: AbortSignal): Promise<Failure | undefined> {
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  const headers = { 'content-type': contentType, 'content-length': Buffer.byteLength(line) };
  return new Promise((resolve) => {
    const answered = (response: IncomingMessage): void => {
      const status = response.statusCode ?? 0;
      response
        .resume()
        .once('end', () =>
          resolve(status >= 200 && status < 300 ? undefined : { problem: `answered ${status}`, mayRetry: isPassing(status) }),
        );
      response.once('error', (error) => resolve({ problem: error.message, mayRetry: true }));
    };
    const call = send(target, { method: 'POST', headers, lookup, signal, timeout: POST_TIMEOUT_MS }, answered);
    call.once('timeout', () => call.destroy(new Error(`no answer for ${POST_TIMEOUT_MS / 1_000} s`)));
    call.once('error', (error) => resolve({ problem: error.message, mayRetry: true }));
    call.end(line);
  });
}

const isPassing = (status: number): boolean => status >= 500 || status === 408 || status === 429;
