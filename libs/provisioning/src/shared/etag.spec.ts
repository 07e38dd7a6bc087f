import fc from 'fast-check';
import { etagOf, holds, parseIfMatch } from './etag';

describe('etags', () => {
  it('carry their quotation marks and the shape clients have seen', () => {
    expect(etagOf(26)).toBe('"0000001a-0000-0100-0000-000000000000"');
  });

  it('stand for exactly one revision, with or without quotation marks and weakness', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (revision) => {
        const tag = etagOf(revision);
        for (const sent of [tag, tag.slice(1, -1), `W/${tag}`, ` ${tag} `]) expect(parseIfMatch(sent)).toEqual({ revision });
      }),
    );
  });

  it.each([
    [undefined, 'unconditional'],
    ['', 'unconditional'],
    ['*', 'exists'],
    ['"*"', 'exists'],
    ['"abc"', 'never'],
    ['abc', 'never'],
  ])('If-Match %s asks for %s', (header, expected) => {
    expect(parseIfMatch(header)).toBe(expected);
  });

  it('hold only for what exists at that revision', () => {
    expect(holds('unconditional', undefined)).toBe(true);
    expect(holds('exists', undefined)).toBe(false);
    expect(holds('exists', 3n)).toBe(true);
    expect(holds({ revision: 3n }, 3n)).toBe(true);
    expect(holds({ revision: 3n }, 4n)).toBe(false);
    expect(holds('never', 3n)).toBe(false);
  });
});
