import { AskedFlows, flowRange } from './flow-range';

const now = new Date('2026-03-10T14:25:30.500Z');
const asked = (question: AskedFlows) => flowRange(question, now);

describe('the range of flows', () => {
  it('is a day by hour, or 30 days by day, up to now when nobody says another', () => {
    expect(asked({})).toEqual({ since: '2026-03-09T14:00:00.000Z', until: '2026-03-10T15:00:00.000Z', step: 'hour' });
    expect(asked({ step: 'day' })).toEqual({ since: '2026-02-08T00:00:00.000Z', until: '2026-03-11T00:00:00.000Z', step: 'day' });
  });

  it('is widened to whole hours or days, and stays as it is where it has them', () => {
    const since = '2026-03-01T08:59:59.999Z';
    const until = '2026-03-01T10:00:00.000Z';
    expect(asked({ since, until })).toEqual({ since: '2026-03-01T08:00:00.000Z', until, step: 'hour' });
    const day = { since: '2026-03-01T00:00:00.000Z', until: '2026-03-02T00:00:00.000Z', step: 'day' } as const;
    expect(asked({ since, until, step: 'day' })).toEqual(day);
    expect(asked(day)).toEqual(day);
  });

  it('counts back from the end that is asked for', () => {
    expect(asked({ until: '2026-01-05T00:00:00.000Z' })).toMatchObject({ since: '2026-01-04T00:00:00.000Z' });
  });

  it('has an end that is later than its beginning', () => {
    const since = '2026-03-01T00:00:00.000Z';
    expect(() => asked({ since, until: since })).toThrow('since must be earlier than until');
    expect(() => asked({ since: '2026-03-11T00:00:00.000Z' })).toThrow('since must be earlier than until');
  });

  it('has at most 31 days by hour and 366 by day', () => {
    const until = '2026-03-01T00:00:00.000Z';
    expect(asked({ since: '2026-01-29T00:00:00.000Z', until })).toMatchObject({ since: '2026-01-29T00:00:00.000Z' });
    expect(() => asked({ since: '2026-01-28T23:59:59.999Z', until })).toThrow('By hour at most 31 days');
    expect(asked({ since: '2025-02-28T00:00:00.000Z', until, step: 'day' })).toMatchObject({ until });
    expect(() => asked({ since: '2025-02-27T00:00:00.000Z', until, step: 'day' })).toThrow('By day at most 366 days');
  });
});
