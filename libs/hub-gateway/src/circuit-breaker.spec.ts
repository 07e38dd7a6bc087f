import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@test/support/until';
import { CircuitBreaker, FAILED_CALLS_MAX } from './circuit-breaker';

const PROBE_EVERY_MS = 5;

function breaker(probe: () => Promise<boolean>) {
  const closing = new AbortController();
  return { closing, breaker: new CircuitBreaker({ probe, probeEveryMs: PROBE_EVERY_MS, closing: closing.signal }) };
}

function fail(target: CircuitBreaker, times: number): void {
  for (let n = 0; n < times; n++) target.gaveNoAnswer();
}

describe('the circuit to a hub', () => {
  test('opens after calls in a row without an answer, not after calls now and then', () => {
    const { breaker: target, closing } = breaker(() => Promise.resolve(false));
    for (let n = 0; n < 5; n++) {
      fail(target, FAILED_CALLS_MAX - 1);
      target.answered();
    }
    expect(target.isOpen).toBe(false);
    fail(target, FAILED_CALLS_MAX);
    expect(target.isOpen).toBe(true);
    closing.abort();
  });

  test('closes by itself when the hub answers again', async () => {
    let probes = 0;
    const { breaker: target } = breaker(() => Promise.resolve(++probes >= 3));
    fail(target, FAILED_CALLS_MAX);
    await until('it has closed', () => !target.isOpen);
    expect(probes).toBe(3);
    fail(target, FAILED_CALLS_MAX - 1);
    expect(target.isOpen).toBe(false);
  });

  test('is not looked at any more when the gateway closes', async () => {
    let probes = 0;
    const { breaker: target, closing } = breaker(() => {
      probes++;
      return Promise.resolve(false);
    });
    fail(target, FAILED_CALLS_MAX);
    await until('it has probed', () => probes > 0);
    closing.abort();
    await sleep(PROBE_EVERY_MS);
    const before = probes;
    await sleep(PROBE_EVERY_MS * 5);
    expect(probes).toBe(before);
  });
});
