import { JSON_DEPTH_MAX, jsonProblem } from './json-body';

const tower = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

describe('a JSON body', () => {
  it.each([null, 1, 'text', 'ünïcödé 😀', {}, { a: [{ b: 'c' }] }, { deep: tower(JSON_DEPTH_MAX - 2) }])(
    'is taken: %j',
    (value) => {
      expect(jsonProblem(value)).toBeUndefined();
    },
  );

  it.each([JSON_DEPTH_MAX + 2, 40_000])('is refused when it is a tower of %d levels', (depth) => {
    expect(jsonProblem(tower(depth))).toContain('deeper');
  });

  it.each(['\0', 'a\0b', '\ud800', 'half \udc00 pair', { list: ['\0'] }, { key: { inner: '\0' } }, { ['\0']: 1 }])(
    'is refused when its text cannot be stored',
    (value) => {
      expect(jsonProblem(value)).toContain('Unicode');
    },
  );
});
