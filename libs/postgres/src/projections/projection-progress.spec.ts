import { ProjectionProgress } from './projection-progress';
import { journalProjection, thingsProjection } from './testing/sample-projections';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');

function progressOf(): ProjectionProgress {
  const compare = (a: string, b: string): number => Number(a === 'start' ? 0 : a) - Number(b === 'start' ? 0 : b);
  return new ProjectionProgress([journalProjection, thingsProjection], compare, { firstMs: 1_000, longestMs: 60_000 });
}

const namesAtWork = (progress: ProjectionProgress): string[] => progress.working.map(({ projection }) => projection.name);

describe('a projection that has failed', () => {
  beforeEach(() => jest.useFakeTimers({ now: NOW_MS }));
  afterEach(() => jest.useRealTimers());

  it('is tried after pauses that double up to the longest, and from the first one again at another place', () => {
    const progress = progressOf();
    const pauses = Array.from({ length: 9 }, () => {
      progress.fail(journalProjection, 'no');
      return (progress.nextRetryAtMs ?? 0) - NOW_MS;
    });
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    progress.track(journalProjection).position = '7';
    progress.fail(journalProjection, 'no');
    expect(progress.nextRetryAtMs).toBe(NOW_MS + 1_000);
  });

  it('is left out until then, and is reported as failed until it has gone on', () => {
    const progress = progressOf();
    progress.fail(journalProjection, 'no');
    progress.retryDue(NOW_MS + 999);
    expect(namesAtWork(progress)).toEqual(['things']);
    progress.retryDue(NOW_MS + 1_000);
    expect(namesAtWork(progress)).toEqual(['journal', 'things']);
    const track = progress.track(journalProjection);
    progress.setState('running');
    expect(track).toMatchObject({ state: 'failed', error: 'no' });
    progress.recover(track);
    expect(track).toMatchObject({ state: 'running', error: null });
  });

  it('is no business of a process that stands by', () => {
    const progress = progressOf();
    progress.interrupt('the store is away');
    progress.fail(journalProjection, 'no');
    progress.standBy();
    expect(progress.tracks).toMatchObject([
      { state: 'standby', error: null },
      { state: 'standby', error: null },
    ]);
    expect(progress.nextRetryAtMs).toBeUndefined();
  });
});
