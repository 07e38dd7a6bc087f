import { EventStore, Position } from '@app/event-sourcing';
import { ProblemError } from '../management/problem';

/** Where a reader begins, checked against the log. Error: `ProblemError` 400 for what is no position of it. */
export async function feedPosition(store: EventStore, text: string): Promise<Position | 'start'> {
  const head = await store.headPosition();
  if (text === 'start') return 'start';
  if (text === 'end') return head;
  let isThere: boolean;
  try {
    isThere = store.comparePositions(text, head) <= 0;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    isThere = false;
  }
  if (!isThere) throw ProblemError.invalidRequest('There is no such position in this log.');
  return text;
}
