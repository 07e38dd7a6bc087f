import { RebuildProgress } from '@app/postgres';
import { ProgressDisplay } from './progress-display';

const reading: RebuildProgress = {
  phase: 'reading',
  events: 12_345,
  eventsPerSecond: 50_123.4,
  fraction: 0.256,
  remainingMs: 1_400,
};
const LINE = 'things: reading, 12,345 events, 50,123/s, 25 %, 2 s left';

describe('the progress of a rebuild', () => {
  let nowMs: number;
  let written: string[];
  const display = (isTTY: boolean): ProgressDisplay => {
    nowMs = 0;
    written = [];
    return new ProgressDisplay('things', { isTTY, write: (text) => written.push(text) }, () => nowMs);
  };

  it('is one line that is written over on a terminal', () => {
    const shown = display(true);
    shown.show(reading);
    nowMs = 150;
    shown.show(reading);
    nowMs = 200;
    shown.show(reading);
    shown.show({ ...reading, phase: 'indexing' });
    shown.clear();
    shown.clear();
    const clear = '\r\u001b[2K';
    expect(written).toEqual([`${clear}${LINE}`, `${clear}things: indexing, 12,345 events, 50,123/s`, clear]);
  });

  it('is a line every few seconds elsewhere, and leaves nothing to clear', () => {
    const shown = display(false);
    for (nowMs = 0; nowMs <= 7_000; nowMs += 500) shown.show(reading);
    shown.clear();
    expect(written).toEqual([`${LINE}\n`, `${LINE}\n`]);
  });

  it('says nothing of a share or a time that it cannot know', () => {
    const shown = display(false);
    nowMs = 3_000;
    shown.show({ ...reading, fraction: null, remainingMs: null });
    expect(written).toEqual(['things: reading, 12,345 events, 50,123/s\n']);
  });
});
