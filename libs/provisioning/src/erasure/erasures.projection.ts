import { Projection, RecordedEvent, RowChange } from '@app/event-sourcing';
import { erasureCodec } from './erasure.events';

const TABLE = 'erasures';
const STREAM_PREFIX = 'erasure-';

function project(recorded: RecordedEvent): readonly RowChange[] {
  const key = recorded.stream.slice(STREAM_PREFIX.length);
  const event = erasureCodec.decode(recorded);
  const revision = recorded.revision.toString();
  switch (event.type) {
    case 'ErasureRequested': {
      const { registrationId, reason, at } = event.data;
      const columns = {
        registration_id: registrationId,
        reason,
        status: 'requested',
        requested_at: at,
        erased_at: null,
        revision,
      };
      return [{ table: TABLE, op: 'upsert', key, columns }];
    }
    case 'DeviceDataErased': {
      const { hubs, at } = event.data;
      return [{ table: TABLE, op: 'upsert', key, columns: { status: 'erased', hubs, erased_at: at, revision } }];
    }
  }
}

/** Who was erased, and who is being erased: what the process manager looks at after a crash. */
export const erasuresProjection: Projection = {
  name: 'erasures',
  version: 1,
  tables: [
    {
      name: TABLE,
      keyColumn: 'registration_key',
      ddl: `
        create table $table (
          registration_key text collate "C" primary key,
          registration_id text,
          reason text,
          status text check (status in ('requested', 'erased')),
          hubs jsonb,
          requested_at timestamptz,
          erased_at timestamptz,
          revision bigint
        );
        create index on $table (registration_key) where status = 'requested';
      `,
    },
  ],
  eventTypes: erasureCodec.types,
  project,
};
