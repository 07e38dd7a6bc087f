import { parseDecimalPosition, Position, ReadStreamOptions, RecordedEvent, StreamSlice } from '@app/event-sourcing';
import { Pool } from 'pg';
import { EVENT_COLUMNS, EventRow, TEXT_VALUES, toRecordedEvent } from './event-rows';

/** Events per query when a whole stream is read. */
const PAGE_EVENTS = 1_000;
const LOWEST_POSITION = -9_223_372_036_854_775_808n;
/** Greater than any revision. */
const END_REVISION = 9_223_372_036_854_775_807n;

/** What is read from the events table, as named prepared statements. */
export class ReadStatements {
  private readonly forwardText: string;
  private readonly backwardText: string;
  private readonly pageText: string;
  private readonly headText: string;

  constructor(
    private readonly pool: Pool,
    quotedSchema: string,
  ) {
    const table = `${quotedSchema}.events`;
    const slice = (condition: string, order: string): string => `
      select e.*, case when e.position is null then exists (select from ${table} s where s.stream = $1) end as stream_exists
      from (values (1)) one left join lateral (
        select ${EVENT_COLUMNS} from ${table} where stream = $1 and ${condition} order by revision ${order} limit $3
      ) e on true order by e.revision ${order}`;
    this.forwardText = slice('revision >= $2', 'asc');
    this.backwardText = slice('revision <= $2', 'desc');
    this.pageText = `select ${EVENT_COLUMNS} from ${table} where position >= $1 order by position limit $2`;
    this.headText = `select max(position)::text as position from ${table}`;
  }

  async readStream(stream: string, options: ReadStreamOptions): Promise<StreamSlice> {
    const { maxCount = Infinity } = options;
    const forward = options.direction !== 'backward';
    const events: RecordedEvent[] = [];
    let from = options.fromRevision ?? (forward ? 0n : END_REVISION);
    for (;;) {
      const limit = Math.min(PAGE_EVENTS, maxCount - events.length);
      const page = await this.readSlice(stream, forward, from, limit);
      events.push(...page.events);
      const last = page.events.at(-1);
      if (last === undefined || page.events.length < limit || events.length === maxCount) {
        return { exists: page.exists || events.length > 0, events };
      }
      from = forward ? last.revision + 1n : last.revision - 1n;
    }
  }

  /** From the start means from below every position there can be, so that nothing that another hand has put there is passed over. */
  async readPage(after: Position | 'start', maxCount: number): Promise<RecordedEvent[]> {
    const from = after === 'start' ? LOWEST_POSITION : parseDecimalPosition(after) + 1n;
    const values = [String(from), maxCount];
    const query = { name: 'read_page', text: this.pageText, values, rowMode: 'array' as const, types: TEXT_VALUES };
    const { rows } = await this.pool.query<EventRow>(query);
    return rows.map(toRecordedEvent);
  }

  async headPosition(): Promise<Position | 'start'> {
    const { rows } = await this.pool.query<{ position: string | null }>({ name: 'head_position', text: this.headText });
    return rows[0]?.position ?? 'start';
  }

  private async readSlice(stream: string, forward: boolean, from: bigint, limit: number): Promise<StreamSlice> {
    const query = {
      name: forward ? 'read_forward' : 'read_backward',
      text: forward ? this.forwardText : this.backwardText,
      values: [stream, String(from), limit],
      rowMode: 'array' as const,
      types: TEXT_VALUES,
    };
    const { rows } = await this.pool.query<[...EventRow, streamExists: string | null]>(query);
    const [first] = rows;
    // A single row without an event only says whether there is such a stream.
    if (first?.[0] == null) return { exists: first?.[8] === 't', events: [] };
    return { exists: true, events: rows.map(([...row]) => toRecordedEvent(row.slice(0, 8) as EventRow)) };
  }
}
