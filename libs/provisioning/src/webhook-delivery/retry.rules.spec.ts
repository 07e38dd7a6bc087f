import {
  OUTAGE_FAILURES,
  RETRY_MS_MAX,
  FailureStreak,
  afterFailure,
  isOutage,
  kindOfFailure,
  noFailures,
  pauseMs,
  retryAfterMs,
} from './retry.rules';
import { signatureOf } from './signature';

describe('pauses between attempts', () => {
  it('double, up to a minute, and are drawn from the upper half', () => {
    expect([1, 2, 3, 4].map((failures) => pauseMs(failures, 1_000, 1))).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(pauseMs(50, 1_000, 1)).toBe(RETRY_MS_MAX);
    expect(pauseMs(3, 1_000, 0)).toBe(2_000);
  });

  it('end after the last attempt', () => {
    const settings = { attemptsMax: 3, firstRetryMs: 10 };
    expect([1, 2, 3, 4].map((attempts) => retryAfterMs(attempts, settings, 1))).toEqual([10, 20, null, null]);
  });
});

describe('an outage', () => {
  it('is many failures in a row of more than one stream', () => {
    const after = (keys: readonly string[]) =>
      isOutage(keys.reduce((streak: FailureStreak, key) => afterFailure(streak, key, false), noFailures));
    expect(after(Array.from({ length: OUTAGE_FAILURES * 3 }, () => 'one'))).toBe(false);
    expect(after(['one', 'two'])).toBe(false);
    expect(after(Array.from({ length: OUTAGE_FAILURES }, (_, index) => `s-${index}`))).toBe(true);
  });

  it('is as long as its probes say, however many failed side by side when it began', () => {
    const side = (streak: FailureStreak, key: string) => afterFailure(streak, key, false);
    const begun = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].reduce(side, noFailures);
    expect([isOutage(begun), begun.probes]).toEqual([true, 0]);
    const probed = afterFailure(afterFailure(begun, 'a', true), 'b', true);
    expect(pauseMs(probed.probes, 1_000, 1)).toBe(2_000);
    expect(pauseMs(begun.probes, 1_000, 1)).toBe(1_000);
  });

  it.each([
    [null, 'away'],
    [500, 'away'],
    [503, 'away'],
    [429, 'away'],
    [408, 'away'],
    [301, 'refused'],
    [400, 'refused'],
    [410, 'refused'],
  ] as const)('status %s says %s', (status, kind) => {
    expect(kindOfFailure(status)).toBe(kind);
  });
});

test('a signature covers the time and the body', () => {
  const at = new Date('2026-01-01T00:00:00.900Z');
  const signature = signatureOf('secret', '{"a":1}', at);
  expect(signature).toBe('t=1767225600,v1=' + signature.slice(-64));
  expect(signatureOf('secret', '{"a":2}', at)).not.toBe(signature);
  expect(signatureOf('other', '{"a":1}', at)).not.toBe(signature);
  expect(signatureOf('secret', '{"a":1}', new Date('2026-01-01T00:00:02Z')).slice(-64)).not.toBe(signature.slice(-64));
});
