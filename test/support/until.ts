import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;
/** Long for a loaded machine; what holds at once is noticed at once. */
const TIMEOUT_MS = 20_000;

/** Asks until there is an answer, and gives it; fails after `timeoutMs`, saying `what` did not come. */
export async function until<Answer>(
  what: string,
  ask: () => Answer | Promise<Answer>,
  timeoutMs = TIMEOUT_MS,
): Promise<Exclude<Answer, false | undefined>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) return answer as Exclude<Answer, false | undefined>;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(POLL_MS);
  }
}

/** The present moment, with more than a millisecond before and after it, which is what a time can tell apart. */
export async function moment(): Promise<string> {
  await sleep(5);
  const now = new Date().toISOString();
  await sleep(5);
  return now;
}
