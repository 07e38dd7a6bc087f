import { Projection, RecordedEvent } from '@app/event-sourcing';

/**
 * What a projection leaves behind, without a database: changes applied one by one, as the runner's contract says. Values go through
 * JSON, as in every real store.
 */
export class ProjectedRows {
  private readonly rows = new Map<string, Record<string, unknown>>();

  constructor(private readonly projection: Projection) {}

  apply(events: readonly RecordedEvent[]): this {
    for (const event of events) {
      if (!this.projection.eventTypes.includes(event.type)) continue;
      for (const change of this.projection.project(event)) {
        const place = `${change.table}/${change.key}`;
        if (change.op === 'delete') this.rows.delete(place);
        else this.rows.set(place, { ...this.rows.get(place), ...(JSON.parse(JSON.stringify(change.columns)) as object) });
      }
    }
    return this;
  }

  row(key: string): Record<string, unknown> | undefined {
    return this.rows.get(`${this.projection.tables[0]?.name ?? ''}/${key}`);
  }

  get size(): number {
    return this.rows.size;
  }

  /** Every column a projection writes must be one its table has; checked against the DDL's text. */
  columnsWritten(): ReadonlySet<string> {
    return new Set([...this.rows.values()].flatMap((row) => Object.keys(row)));
  }
}
