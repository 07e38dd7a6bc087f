import type { RunningService } from '@test/support/running-service';
import { percentile } from '../closed-loop';
import type { Figure } from '../report';

const TO_REACH_MS = 200;

export const say = (line: string): void => void process.stdout.write(`${line}\n`);

export async function timed<T>(ask: () => Promise<T>): Promise<readonly [T, number]> {
  const startedAtMs = performance.now();
  const answer = await ask();
  return [answer, performance.now() - startedAtMs];
}

export function figureOf(name: string, timesMs: readonly number[], note = ''): Figure {
  const ascending = [...timesMs].sort((a, b) => a - b);
  const value = percentile(ascending, 0.99);
  const target = { atMost: TO_REACH_MS };
  return { name: `${name}, p99`, value, unit: 'ms', target, note: `p50 ${percentile(ascending, 0.5).toFixed(1)} ms${note}` };
}

/** Error: an answer that is none. */
export async function read<T>(service: RunningService, path: string): Promise<T> {
  const answer = await service.manage('GET', path);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status}: ${answer.text}`);
  return answer.json() as T;
}
