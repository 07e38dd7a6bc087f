import { Bell } from './bell';

const never = new AbortController().signal;
const FAR_MS = 60_000;

describe('bell', () => {
  it('wakes everybody who waits', async () => {
    const bell = new Bell();
    const waiting = [bell.after(bell.rings, FAR_MS, never), bell.after(bell.rings, FAR_MS, never)];
    bell.ring();
    await expect(Promise.all(waiting)).resolves.toHaveLength(2);
  });

  it('does not miss a ring between the look and the wait', async () => {
    const bell = new Bell();
    const seen = bell.rings;
    bell.ring();
    await expect(bell.after(seen, FAR_MS, never)).resolves.toBeUndefined();
  });

  it('gives up after the time, and at an abort', async () => {
    const bell = new Bell();
    await expect(bell.after(bell.rings, 1, never)).resolves.toBeUndefined();
    const stopping = new AbortController();
    const waiting = bell.after(bell.rings, FAR_MS, stopping.signal);
    stopping.abort();
    await expect(waiting).resolves.toBeUndefined();
  });
});
