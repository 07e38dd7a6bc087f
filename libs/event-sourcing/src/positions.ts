import { Position } from './events';

const DECIMAL = /^\d{1,19}$/;

/** For stores whose positions are decimal numbers, the first event being 1: the number, 0 for the start. */
export function parseDecimalPosition(position: Position | 'start'): bigint {
  if (position === 'start') return 0n;
  if (!DECIMAL.test(position)) throw new RangeError('a position of this store is a decimal number');
  return BigInt(position);
}

export function compareDecimalPositions(a: Position | 'start', b: Position | 'start'): number {
  const left = parseDecimalPosition(a);
  const right = parseDecimalPosition(b);
  return left < right ? -1 : left > right ? 1 : 0;
}
