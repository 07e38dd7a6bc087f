import { jsonDiff } from './json-diff';

describe('a diff of two documents', () => {
  it('tells every value of either by its path, in order, and what became of it', () => {
    const before = { tags: { site: 'north', old: true }, desired: { interval: 60, list: [1, 2] } };
    const after = { tags: { site: 'north' }, desired: { interval: 5, list: [1, 2], mode: null } };
    expect(jsonDiff(before, after)).toEqual([
      { path: 'desired.interval', before: '60', after: '5', change: 'changed' },
      { path: 'desired.list', before: '[1,2]', after: '[1,2]', change: 'same' },
      { path: 'desired.mode', before: undefined, after: 'null', change: 'added' },
      { path: 'tags.old', before: 'true', after: undefined, change: 'removed' },
      { path: 'tags.site', before: '"north"', after: '"north"', change: 'same' },
    ]);
  });

  it('tells an empty object from none', () => {
    expect(jsonDiff({ tags: {} }, {})).toEqual([{ path: 'tags', before: '{}', after: undefined, change: 'removed' }]);
    expect(jsonDiff(undefined, undefined)).toEqual([]);
  });
});
