import { Projection, RecordedEvent, RowChange } from '@app/event-sourcing';
import { parseDeviceStream } from './device-id';

const TABLE = 'twin_changes';
/** Revisions are padded so that the keys of a device stand in the order of its stream. */
const REVISION_DIGITS = 12;

/** A row of its own for each change, because no row could say from a single event what came before it. */
function project({ stream, revision, recordedAt }: RecordedEvent): readonly RowChange[] {
  const place = parseDeviceStream(stream);
  if (place === undefined) return [];
  const key = `${place.hubName}/${place.deviceId}@${revision.toString().padStart(REVISION_DIGITS, '0')}`;
  const columns = { hub: place.hubName, device_id: place.deviceId, recorded_at: recordedAt };
  return [{ table: TABLE, op: 'upsert', key, columns }];
}

/**
 * When the twin of which device changed at which hub, from the log of the hubs. That a device was created, imported or deleted there
 * is no change of a twin: it is how a device comes and goes.
 */
export const twinChangesProjection: Projection = {
  name: 'twin-changes',
  version: 1,
  tables: [
    {
      name: TABLE,
      keyColumn: 'change_key',
      ddl: `
        create table $table (
          change_key text collate "C" primary key,
          hub text collate "C",
          device_id text collate "C",
          recorded_at timestamptz
        );
        create index on $table (recorded_at);
      `,
    },
  ],
  eventTypes: [
    'TwinPatched',
    'TwinReplaced',
    'ReportedPropertiesPatched',
    'ModuleTwinPatched',
    'ModuleTwinReplaced',
    'ModuleReportedPropertiesPatched',
  ],
  project,
};
