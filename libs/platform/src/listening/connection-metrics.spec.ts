import { ConnectionMetrics } from './connection-metrics';

function metricsAt(clock: { nowMs: number }): { metrics: ConnectionMetrics; lines: object[] } {
  const lines: object[] = [];
  const warn = (fields: object): void => void lines.push(fields);
  return { metrics: new ConnectionMetrics({ warn } as never, () => clock.nowMs), lines };
}

const refusal = { protocol: 'mqtt', reason: 'flood', remoteAddress: '192.0.2.1' };

describe('connection metrics', () => {
  it('count by name, gauges included, sorted', () => {
    const { metrics } = metricsAt({ nowMs: 5_000 });
    metrics.count('mqtt.connections');
    metrics.count('mqtt.connections', -1);
    metrics.count('mqtt.accepted');
    metrics.refused(refusal);
    expect(Object.entries(metrics.snapshot())).toEqual([
      ['mqtt.accepted', 1],
      ['mqtt.connections', 0],
      ['mqtt.refused.flood', 1],
    ]);
  });

  it('write at most 100 lines a second, count all, and say how many were left out', () => {
    const clock = { nowMs: 5_000 };
    const { metrics, lines } = metricsAt(clock);
    for (let n = 0; n < 180; n++) metrics.refused(refusal);
    expect(lines).toEqual(Array.from({ length: 100 }, () => refusal));
    clock.nowMs += 1_000;
    metrics.refused({ ...refusal, detail: 'more' });
    expect(lines[100]).toEqual({ ...refusal, detail: 'more', suppressedLines: 80 });
    expect(metrics.snapshot()).toEqual({ 'mqtt.refused.flood': 181 });
  });
});
