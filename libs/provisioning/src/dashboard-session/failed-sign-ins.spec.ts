import { FAILURES_MAX, FailedSignIns, WINDOW_MS } from './failed-sign-ins';

const start = new Date('2026-03-01T08:00:00.000Z');
const after = (ms: number): Date => new Date(start.getTime() + ms);

function failedOften(address: string): FailedSignIns {
  const failures = new FailedSignIns();
  for (let failure = 0; failure < FAILURES_MAX; failure++) {
    expect(failures.waitMs(address, start)).toBe(0);
    failures.note(address, start);
  }
  return failures;
}

describe('who guesses tokens', () => {
  it('waits for the rest of the window after too many failures', () => {
    const failures = failedOften('192.0.2.1');
    expect(failures.waitMs('192.0.2.1', after(1_000))).toBe(WINDOW_MS - 1_000);
    expect(failures.waitMs('192.0.2.1', after(WINDOW_MS))).toBe(0);
  });

  it('keeps nobody else from signing in', () => {
    expect(failedOften('192.0.2.1').waitMs('192.0.2.2', start)).toBe(0);
  });
});
