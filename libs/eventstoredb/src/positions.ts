import { Position } from '@app/event-sourcing';
import { Position as LogPosition } from '@eventstore/db-client';

const POSITION = /^(\d{1,20}):(\d{1,20})$/;

/** `commit:prepare`, both decimal: opaque to everybody but this file. */
export function toPosition(position: LogPosition): Position {
  return `${String(position.commit)}:${String(position.prepare)}`;
}

/** Throws a RangeError for text that this adapter never gave out. */
export function toLogPosition(position: Position): LogPosition {
  const [, commit, prepare] = POSITION.exec(position) ?? [];
  if (commit === undefined || prepare === undefined) throw new RangeError(`not a position of this event store: "${position}"`);
  return { commit: BigInt(commit), prepare: BigInt(prepare) };
}

export function comparePositions(a: Position | 'start', b: Position | 'start'): number {
  if (a === b) return 0;
  if (a === 'start') return -1;
  if (b === 'start') return 1;
  const left = toLogPosition(a);
  const right = toLogPosition(b);
  return compareBigInts(left.commit, right.commit) || compareBigInts(left.prepare, right.prepare);
}

function compareBigInts(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
