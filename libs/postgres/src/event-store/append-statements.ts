import { Pool } from 'pg';
import { SEPARATOR } from './event-store.migrations';
import { AppendOutcome, expectedNumber, PendingAppend } from './pending-append';

/**
 * The two append functions of the schema as named prepared statements. Texts travel joined by a separator, because writing them as
 * array literals would mean to escape every quotation mark of every event, twice.
 */
export class AppendStatements {
  private readonly distinctText: string;
  private readonly inOrderText: string;

  constructor(
    private readonly pool: Pool,
    quotedSchema: string,
  ) {
    this.distinctText = `select * from ${quotedSchema}.append_distinct($1, $2, $3, $4, $5, $6, $7, $8, $9)`;
    this.inOrderText = `select * from ${quotedSchema}.append_in_order($1, $2, $3, $4, $5, $6, $7)`;
  }

  /**
   * For streams that differ from each other; an append that does not fit its stream is undefined: it may be a retry.
   *
   * Errors: a unique violation when an event id exists; then nothing was stored.
   */
  async appendDistinct(batch: readonly PendingAppend[]): Promise<(AppendOutcome | undefined)[]> {
    const columns = eventColumns(batch);
    const values = [...appendColumns(batch), ...ownerColumns(batch), ...columns];
    const query = { name: 'append_distinct', text: this.distinctText, values, rowMode: 'array' as const };
    const { rows } = await this.pool.query<[boolean, string, string]>(query);
    return rows.map(([accepted, revision, position]) => (accepted ? { kind: 'appended', revision, position } : undefined));
  }

  /** One after the other: for a single append, for several to one stream, and for what may be a retry. */
  async appendInOrder(batch: readonly PendingAppend[]): Promise<AppendOutcome[]> {
    const values = [...appendColumns(batch), ...eventColumns(batch)];
    const query = { name: 'append_in_order', text: this.inOrderText, values, rowMode: 'array' as const };
    const { rows } = await this.pool.query<[AppendOutcome['kind'], string, string]>(query);
    return rows.map(([kind, revision, position]) => ({ kind, revision, position }));
  }
}

/** Streams, expected revisions and numbers of events, one per append. */
function appendColumns(batch: readonly PendingAppend[]): string[] {
  return [
    batch.map(({ stream }) => stream).join(SEPARATOR),
    `{${batch.map(({ expected }) => expectedNumber(expected)).join()}}`,
    `{${batch.map(({ events }) => events.length).join()}}`,
  ];
}

/** For each event the number of its append, and its own within the append, both from 1. */
function ownerColumns(batch: readonly PendingAppend[]): string[] {
  const owners = batch.flatMap(({ events }, append) => events.map(() => append + 1));
  const indexes = batch.flatMap(({ events }) => events.map((_, index) => index + 1));
  return [`{${owners.join()}}`, `{${indexes.join()}}`];
}

/** Ids, types, data and metadata, one per event. */
function eventColumns(batch: readonly PendingAppend[]): string[] {
  const events = batch.flatMap((append) => append.events);
  return [
    `{${events.map(({ id }) => id).join()}}`,
    events.map(({ type }) => type).join(SEPARATOR),
    events.map(({ data }) => data).join(SEPARATOR),
    events.map(({ metadata }) => metadata).join(SEPARATOR),
  ];
}
