import { LiveCounts } from './live-counts';

const event = (type: string, subject: string) => ({
  id: '1',
  type: `rehome.${type}`,
  subject,
  time: '',
  position: '1',
  data: {},
});

describe('what the event stream says', () => {
  it('counts who is assigning, from the beginning of an assignment to its end', () => {
    const counts = new LiveCounts();
    counts.take(event('AssignmentStarted', 'a'));
    counts.take(event('AssignmentStarted', 'b'));
    counts.take(event('TwinMigrated', 'a'));
    expect(counts.assigning).toBe(2);
    counts.take(event('DeviceAssigned', 'a'));
    counts.take(event('AssignmentFailed', 'b'));
    expect(counts.assigning).toBe(0);
  });

  it('counts anew where the stream begins anew', () => {
    const counts = new LiveCounts();
    counts.take(event('AssignmentStarted', 'a'));
    counts.clear();
    expect(counts.assigning).toBe(0);
  });

  it('tells registrations a second over the last ten', () => {
    let nowMs = 0;
    const counts = new LiveCounts(() => nowMs);
    for (let device = 0; device < 20; device++) counts.take(event('AssignmentStarted', `device-${device}`));
    expect(counts.rate).toBe(2);
    nowMs = 10_001;
    expect(counts.rate).toBe(0);
  });
});
