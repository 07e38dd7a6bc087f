import { EventMetadata, JsonObject, RecordedEvent } from '@app/event-sourcing';
import { CustomTypesConfig } from 'pg';

/** The columns of an event as the server writes them, without the driver's conversions. */
export type EventRow = [
  position: string,
  stream: string,
  revision: string,
  id: string,
  type: string,
  data: string,
  metadata: string,
  recordedAt: string,
];

export const EVENT_COLUMNS = 'position, stream, revision, id, type, data, metadata, recorded_at';

const asText = (text: string): string => text;
export const TEXT_VALUES: CustomTypesConfig = { getTypeParser: () => asText };

/** Events of one batch share their time, so the last conversion is remembered. */
let lastTime = { written: '', iso: '' };

export function toRecordedEvent(row: EventRow): RecordedEvent {
  const [position, stream, revision, id, type, data, metadata, recordedAt] = row;
  return {
    id,
    type,
    data: JSON.parse(data) as JsonObject,
    metadata: JSON.parse(metadata) as EventMetadata,
    stream,
    revision: BigInt(revision),
    position,
    recordedAt: isoTime(recordedAt),
  };
}

/** From `2026-01-31 12:00:00.123456+00`, as a session in UTC writes it, by its letters: making a Date of it costs ten times as much. */
function isoTime(written: string): string {
  if (lastTime.written !== written) {
    const [, milliseconds = ''] = /\.(\d{1,3})/.exec(written) ?? [];
    const iso = `${written.slice(0, 10)}T${written.slice(11, 19)}.${milliseconds.padEnd(3, '0')}Z`;
    lastTime = { written, iso };
  }
  return lastTime.iso;
}
