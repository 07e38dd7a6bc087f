import { Projection, RecordedEvent } from '@app/event-sourcing';
import { Row } from '../shared/read-database';

/**
 * The row that a read model had when its projection had seen these events of one stream and no others; undefined where it had none.
 * Made by the projection itself, so that what is told of a moment cannot differ from what the read model would have told then.
 */
export function projectedRow(projection: Projection, key: string, events: readonly RecordedEvent[]): Row | undefined {
  const [table] = projection.tables;
  if (table === undefined) throw new Error(`projection ${projection.name} has no table`);
  const types = new Set(projection.eventTypes);
  let row: Row | undefined;
  for (const event of events) {
    if (!types.has(event.type)) continue;
    for (const change of projection.project(event)) {
      if (change.table !== table.name || change.key !== key) continue;
      row = change.op === 'delete' ? undefined : { ...row, ...change.columns };
    }
  }
  return row === undefined ? undefined : { ...row, [table.keyColumn]: key };
}
