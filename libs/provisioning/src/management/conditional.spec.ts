import { isUnchanged } from './conditional';

test.each([
  ['"1"', true],
  ['"2"', false],
  ['W/"1"', true],
  ['"0", "1"', true],
  ['*', true],
  ['1', false],
  ['', false],
  [undefined, false],
  [`${'"x", '.repeat(1_000)}"1"`, false],
])('If-None-Match: %s', (header, expected) => expect(isUnchanged(header, '"1"')).toBe(expected));
