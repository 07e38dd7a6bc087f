import { stringify } from 'csv-stringify/sync';
import { AuditEvent } from './audit-event';

export const exportFormats = ['json', 'ndjson', 'csv'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** How a list of events is written, piece by piece. */
export interface ExportWriting {
  readonly contentType: string;
  readonly start: string;
  readonly end: string;
  /** `isFirst`: nothing has been written but the start. */
  readonly piece: (events: readonly AuditEvent[], isFirst: boolean) => string;
}

export const CSV_COLUMNS = [
  'position',
  'stream',
  'revision',
  'id',
  'type',
  'time',
  'actorKind',
  'actorName',
  'correlationId',
  'causationId',
  'apiVersion',
  'clientVersion',
  'registrationId',
  'enrollmentKind',
  'enrollmentId',
  'hubs',
  'log',
  'data',
] as const;

/** What would be a formula to a spreadsheet gets an apostrophe before it, whoever has written it into an event. */
const csvOptions = { escape_formulas: true, record_delimiter: 'windows' } as const;

export const exportWritings: Readonly<Record<ExportFormat, ExportWriting>> = {
  json: {
    contentType: 'application/json; charset=utf-8',
    start: '[',
    end: ']\n',
    piece: (events, isFirst) => `${isFirst ? '\n' : ',\n'}${events.map((event) => JSON.stringify(event)).join(',\n')}`,
  },
  ndjson: {
    contentType: 'application/x-ndjson; charset=utf-8',
    start: '',
    end: '',
    piece: (events) => events.map((event) => `${JSON.stringify(event)}\n`).join(''),
  },
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    start: stringify([[...CSV_COLUMNS]], csvOptions),
    end: '',
    piece: (events) => stringify(events.map(csvRow), csvOptions),
  },
};

function csvRow(event: AuditEvent): string[] {
  return [
    event.position,
    event.stream,
    event.revision,
    event.id,
    event.type,
    event.time,
    event.actor.kind,
    event.actor.name,
    event.correlationId,
    event.causationId,
    event.apiVersion ?? '',
    event.clientVersion ?? '',
    event.registrationId ?? '',
    event.enrollment?.kind ?? '',
    event.enrollment?.id ?? '',
    event.hubs.join(' '),
    event.log,
    JSON.stringify(event.data),
  ];
}
