import { backoffMs, sleep, TimedOut, within } from './backoff';

const never = new AbortController().signal;

describe('the wait before another try', () => {
  it.each([
    [0, 100],
    [1, 200],
    [3, 800],
    [7, 10_000],
    [5_000, 10_000],
  ])('after %i failures lies between half and all of %i ms', (failures, delayMs) => {
    const backoff = { delayMinMs: 100, delayMaxMs: 10_000 };
    expect(backoffMs(failures, backoff, () => 0)).toBe(delayMs / 2);
    expect(backoffMs(failures, backoff, () => 1)).toBe(delayMs);
  });
});

describe('sleep', () => {
  const LONG_MS = 60_000;

  it('ends with its time', async () => {
    await expect(sleep(1, never)).resolves.toBeUndefined();
  });

  it('ends when the signal aborts, also when it had aborted before', async () => {
    const stopping = new AbortController();
    const sleeping = sleep(LONG_MS, stopping.signal);
    stopping.abort();
    await expect(sleeping).resolves.toBeUndefined();
    await expect(sleep(LONG_MS, stopping.signal)).resolves.toBeUndefined();
  });

  it('ends when it is woken', async () => {
    await expect(sleep(LONG_MS, never, (wake) => setImmediate(wake))).resolves.toBeUndefined();
  });
});

describe('work within a time', () => {
  it('gives its result or its error', async () => {
    await expect(within('work', 1_000, Promise.resolve(1))).resolves.toBe(1);
    await expect(within('work', 1_000, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  it('is given up afterwards, whatever becomes of it', async () => {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error('too late')), 20));
    await expect(within('work', 1, late)).rejects.toEqual(new TimedOut('work', 1));
    await expect(late).rejects.toThrow('too late');
  });
});
