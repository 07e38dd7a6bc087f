import fc from 'fast-check';
import { asciiJson, readJson } from './json-text';

const read = (text: string): ReturnType<typeof readJson> => readJson(Buffer.from(text));

describe('reading a body', () => {
  it.each([
    ['{"a":[1,null,"é😀"]}', { a: [1, null, 'é😀'] }],
    ['"text"', 'text'],
    ['', undefined],
    [' ', undefined],
    ['{"constructor":"acme"}', { constructor: 'acme' }],
  ])('%s', (text, value) => {
    expect(read(text)).toEqual({ value });
  });

  it.each([
    ['{', 'not valid JSON'],
    ['{"a":[{"__proto__":{"admin":true}}]}', 'not allowed'],
    ['{"a":{"constructor":{"prototype":1}}}', 'not allowed'],
    ['"\\u0000"', 'not valid Unicode'],
  ])('%s is refused', (text, problem) => {
    expect(read(text)).toEqual({ problem: expect.stringContaining(problem) as unknown });
  });

  it('refuses towers', () => {
    expect(read('['.repeat(5_000) + ']'.repeat(5_000))).toEqual({ problem: expect.stringContaining('deeper') as unknown });
  });

  it('takes no bytes that are not UTF-8', () => {
    expect(readJson(Buffer.from([0x22, 0xff, 0x22]))).toEqual({ problem: 'The body is not valid JSON.' });
  });
});

describe('JSON in ASCII', () => {
  it('has no other character, and says the same', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (value) => {
        const text = asciiJson(value);
        expect(text).toMatch(/^[\0-\x7e]*$/);
        expect(JSON.parse(text)).toEqual(value);
      }),
    );
  });
});
