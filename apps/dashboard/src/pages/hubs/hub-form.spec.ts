import { hubBody, hubFormOf, problemsOf } from './hub-form';

const connectionString = 'HostName=hub-c.example;SharedAccessKeyName=owner;SharedAccessKey=AAAA';

describe('the form of a hub', () => {
  it('wants a connection string for a new one alone', () => {
    expect(problemsOf(hubFormOf(null), true)).toHaveProperty('connectionString');
    expect(problemsOf(hubFormOf(null), false)).toEqual({});
    expect(problemsOf({ ...hubFormOf(null), connectionString }, true)).toEqual({});
    expect(problemsOf({ ...hubFormOf(null), connectionString: 'HostName=hub-c.example' }, false)).toHaveProperty(
      'connectionString',
    );
  });

  it.each([
    ['allocationWeight', { allocationWeight: '0' }],
    ['allocationWeight', { allocationWeight: '1.5' }],
    ['capacity', { capacity: '-1' }],
    ['capacity', { capacity: '1000001' }],
  ])('says what is wrong with %s: %j', (name, changes) => {
    expect(Object.keys(problemsOf({ ...hubFormOf(null), ...changes }, false))).toEqual([name]);
  });

  it('sends no connection string that nobody has typed, and no limit for an empty one', () => {
    const body = hubBody({ ...hubFormOf(null), capacity: '' });
    expect(body).not.toHaveProperty('connectionString');
    expect(body).toMatchObject({ capacity: null, allocationWeight: 1, cordoned: false });
  });
});
