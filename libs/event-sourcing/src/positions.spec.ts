import { compareDecimalPositions, parseDecimalPosition } from './positions';

describe('decimal positions', () => {
  it('are ordered as numbers, after the start', () => {
    expect(compareDecimalPositions('9', '10')).toBe(-1);
    expect(compareDecimalPositions('10', '9')).toBe(1);
    expect(compareDecimalPositions('10', '10')).toBe(0);
    expect(compareDecimalPositions('start', '1')).toBe(-1);
    expect(compareDecimalPositions('9223372036854775807', '9223372036854775806')).toBe(1);
  });

  it.each(['', '-1', '1.5', '0x1', 'end', '1'.repeat(20), ' 1'])('refuse %j', (text) => {
    expect(() => parseDecimalPosition(text)).toThrow(RangeError);
  });
});
