import { InMemoryEventStore } from '@app/event-sourcing';
import { ProjectionMonitor, ProjectionStatus } from '@app/provisioning';
import { healthChecks } from './health-checks';

const running: ProjectionStatus = {
  name: 'device-status',
  version: 1,
  state: 'running',
  position: '7',
  caughtUp: true,
  lagMs: 0,
  lagEvents: 0,
  error: null,
};

async function projectionsCheck(...statuses: readonly ProjectionStatus[]): Promise<{ ok: boolean; detail: string } | undefined> {
  const monitor: ProjectionMonitor = { status: () => Promise.resolve(statuses), waitFor: () => Promise.resolve(true) };
  const checks = healthChecks(new InMemoryEventStore(), { query: () => Promise.resolve([]) }, monitor);
  return checks.find(({ name }) => name === 'projections')?.check();
}

describe('readiness looks at the projections', () => {
  it('and is fine with those that run or stand by', async () => {
    expect(await projectionsCheck(running, { ...running, state: 'standby' })).toEqual({ ok: true, detail: 'up to date' });
  });

  it.each<[string, Partial<ProjectionStatus>, string]>([
    ['has failed, however new its last event', { state: 'failed', error: 'no' }, 'twin-data failed, 0 ms behind'],
    ['is far behind', { lagMs: 30_001 }, 'twin-data running, 30001 ms behind'],
  ])('and names the one that %s', async (_what, difference, detail) => {
    expect(await projectionsCheck(running, { ...running, name: 'twin-data', ...difference })).toEqual({ ok: false, detail });
  });
});
