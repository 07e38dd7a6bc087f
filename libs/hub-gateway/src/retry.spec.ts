import fc from 'fast-check';
import { hubCallLimits, isTransient, pauseMs, retryAfterMs } from './retry';

const attempt = fc.integer({ min: 1, max: 50 });
const random = fc.double({ min: 0, max: 0.999, noNaN: true });

it('pauses grow, are never more than the bound and never less than half of it', () => {
  fc.assert(
    fc.property(attempt, random, (number, chance) => {
      const full = Math.min(hubCallLimits.backOffMaxMs, hubCallLimits.backOffFirstMs * 2 ** (number - 1));
      const pause = pauseMs(number, 0, hubCallLimits, chance);
      expect(pause).toBeGreaterThanOrEqual(full / 2);
      expect(pause).toBeLessThanOrEqual(full);
    }),
  );
});

it('pauses differ by chance', () => {
  expect(pauseMs(1, 0, hubCallLimits, 0)).not.toBe(pauseMs(1, 0, hubCallLimits, 0.9));
});

it('a pause is never shorter than the hub asks for', () => {
  expect(pauseMs(1, 7_000, hubCallLimits, 0)).toBe(7_000);
});

it('all attempts with their pauses fit into the time of a call when the hub answers at once', () => {
  const pauses = Array.from({ length: hubCallLimits.attemptsMax - 1 }, (_, index) => pauseMs(index + 1, 0, hubCallLimits, 0.999));
  expect(pauses.reduce((sum, pause) => sum + pause, 0)).toBeLessThan(hubCallLimits.callTimeoutMs);
});

it.each([
  [undefined, 0],
  ['3', 3_000],
  [' 3 ', 3_000],
  ['0', 0],
  ['Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
  ['Thu, 01 Jan 2015 00:00:00 GMT', 0],
  ['soon', 0],
])('Retry-After %p means %p ms', (header, ms) => {
  expect(retryAfterMs(header, Date.parse('2026-01-01T00:00:00Z'))).toBe(ms);
});

it('only overload, timeouts and failures of the hub are worth another try', () => {
  const statuses = [200, 201, 204, 400, 401, 403, 404, 408, 409, 412, 413, 415, 429, 500, 502, 503, 504];
  expect(statuses.filter(isTransient)).toEqual([408, 429, 500, 502, 503, 504]);
});
