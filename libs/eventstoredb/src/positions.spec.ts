import fc from 'fast-check';
import { comparePositions, toLogPosition, toPosition } from './positions';

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const position = fc.record({ commit: uint64, prepare: uint64 });

describe('positions', () => {
  it('come back as they went', () => {
    fc.assert(fc.property(position, (at) => expect(toLogPosition(toPosition(at))).toEqual(at)));
  });

  it('are ordered as numbers: by commit, then by prepare', () => {
    fc.assert(
      fc.property(position, position, (a, b) => {
        const expected = a.commit === b.commit ? a.prepare - b.prepare : a.commit - b.commit;
        const compared = comparePositions(toPosition(a), toPosition(b));
        expect(Math.sign(compared)).toBe(expected === 0n ? 0 : expected < 0n ? -1 : 1);
      }),
    );
    expect(comparePositions('9:9', '10:10')).toBe(-1);
  });

  it('all come after the start', () => {
    expect(comparePositions('start', '0:0')).toBe(-1);
    expect(comparePositions('0:0', 'start')).toBe(1);
    expect(comparePositions('start', 'start')).toBe(0);
  });

  it.each(['', '12', '12:', ':12', '-1:0', '1:2:3', '1:x', ' 1:2', '123456789012345678901:0'])('refuse "%s"', (text) => {
    expect(() => toLogPosition(text)).toThrow(RangeError);
  });
});
