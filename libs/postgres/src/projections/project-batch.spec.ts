import { compareDecimalPositions, Projection, RecordedEvent } from '@app/event-sourcing';
import { mergeChanges } from './merge-changes';
import { projectBatch } from './project-batch';
import { journalProjection, thingEvent, touchyProjection } from './testing/sample-projections';

function recorded(position: number, thing: string, type = 'ThingSet'): RecordedEvent {
  const recordedAt = '2026-01-01T00:00:00.000Z';
  return { ...thingEvent(type, {}), stream: `thing-${thing}`, revision: 0n, position: String(position), recordedAt };
}

const batch = [recorded(4, 'a'), recorded(5, 'b', 'SomethingElse'), recorded(6, 'poison', 'ThingDropped'), recorded(7, 'c')];
const keys = (part: { tables: ReturnType<typeof mergeChanges> } | undefined): string[] =>
  [...(part?.tables.values() ?? [])].flatMap((rows) => [...rows.keys()]);
const project = (projection: Projection, position: string, end = '9'): ReturnType<typeof projectBatch> =>
  projectBatch(batch, end, [{ projection, position }], compareDecimalPositions);

describe('what a batch means for one projection', () => {
  it('is the rows of the events it reads, and the end of the batch', () => {
    const [part] = project(journalProjection, 'start');
    expect(part).toMatchObject({ from: 'start', to: '9' });
    expect(part?.poison).toBeUndefined();
    expect(keys(part)).toEqual(['4', '6', '7']);
  });

  it('leaves out what the projection has already', () => {
    expect(keys(project(journalProjection, '4')[0])).toEqual(['6', '7']);
    expect(project(journalProjection, '4')[0]).toMatchObject({ from: '4', to: '9' });
  });

  it('is nothing for a projection that is further than the batch', () => {
    expect(project(journalProjection, '9')).toEqual([]);
    expect(project(journalProjection, '12')).toEqual([]);
  });

  it('ends before an event that the projection cannot take', () => {
    const [part] = project(touchyProjection, 'start');
    expect(part).toMatchObject({ from: 'start', to: '5', poison: { event: { position: '6' } } });
    expect(keys(part)).toEqual(['4']);
  });

  it('still tells of the event when there is nothing before it', () => {
    expect(project(touchyProjection, '5')).toMatchObject([{ from: '5', to: '5', poison: { event: { position: '6' } } }]);
  });

  it('moves a projection that reads none of the events', () => {
    const deaf: Projection = { ...journalProjection, eventTypes: [] };
    expect(project(deaf, '4')).toMatchObject([{ from: '4', to: '9' }]);
    expect(keys(project(deaf, '4')[0])).toEqual([]);
  });
});
