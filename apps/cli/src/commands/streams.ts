import { linesOf } from '../connection/service';
import { usageError } from '../exit-codes';
import { progressBar } from '../output/progress';
import { Verb, verb } from '../verb';
import { filterQuery, logFilters } from './audit';
import { shared } from './inputs';
import { fileSink, httpSink, outputSink } from './sinks';

const { text } = shared;
const CLOUD_EVENT = 'application/cloudevents+json';
const SHOWN_EVERY_EVENTS = 200;

export const exportVerb: Verb = verb({
  command: 'export',
  summary: 'Events of the log, oldest first, to a file or to standard output',
  options: {
    format: {
      choices: ['ndjson', 'json', 'csv'],
      default: 'ndjson',
      describe: 'An event a line, one JSON array, or CSV',
      requiresArg: true,
    },
    file: text('Where to write; standard output when left out', 'f'),
    ...logFilters,
  },
  examples: [
    ['export --format csv --since 2026-01-31 --file january.csv', 'for a spreadsheet'],
    ['export --registration-id sn-42 | wc -l', 'the events of a device'],
  ],
  run: async (values, { io, service, printer }) => {
    const query = { ...filterQuery(values), format: values.format };
    const response = await service.open('GET', '/api/v1/audit/export', { query });
    const total = Number(response.headers['x-rehome-total-events'] ?? 0);
    const bar = progressBar(io, 'exporting', 'events');
    const sink = values.file === undefined ? outputSink(io) : fileSink(values.file);
    let lines = 0;
    try {
      for await (const line of linesOf(response)) {
        await sink.write(line);
        if (++lines % SHOWN_EVERY_EVENTS === 0) bar.update(lines, total);
      }
    } finally {
      bar.stop();
      await sink.close();
    }
    if (values.file !== undefined) printer.note(`wrote ${values.file}`);
  },
});

export const replayVerb: Verb = verb({
  command: 'replay',
  summary: 'Events of a range of time, in order, as CloudEvents 1.0; nothing happens at a hub',
  options: {
    since: shared.since,
    until: shared.until,
    type: { ...text('Only events of this type; may be repeated'), type: 'array', string: true, requiresArg: false },
    device: { type: 'array', string: true, describe: 'Only those of this device; may be repeated' },
    hub: { type: 'array', string: true, describe: 'Only those that name this hub; may be repeated' },
    'to-file': text('An event a line; standard output when left out'),
    'to-url': text('Each event is posted here, tried again where that may help, and the next one follows when it was taken'),
  },
  examples: [
    ['replay --since 2026-01-31 --until 2026-02-01 --to-file day.ndjson', 'a day'],
    ['replay --device sn-42 --to-url https://sink.example.com/events', 'a device, to a system that missed it'],
  ],
  run: async (values, { io, service, printer }) => {
    const { since, until, type, device, hub, toFile, toUrl } = values;
    if (toFile !== undefined && toUrl !== undefined) throw usageError('--to-file and --to-url exclude each other');
    const sink =
      toUrl !== undefined ? httpSink(toUrl, CLOUD_EVENT, io) : toFile !== undefined ? fileSink(toFile) : outputSink(io);
    const query = { since, until, type: texts(type), device: texts(device), hub: texts(hub) };
    const bar = progressBar(io, 'replaying', 'events');
    let events = 0;
    try {
      for await (const line of service.lines('GET', '/feed/replay', { query })) {
        await sink.write(line);
        if (++events % SHOWN_EVERY_EVENTS === 0) bar.update(events, events);
      }
    } finally {
      bar.stop();
      await sink.close();
    }
    if (toFile !== undefined || toUrl !== undefined) printer.text(`${events} events`, { events, to: toUrl ?? toFile });
  },
});

const texts = (given: readonly (string | number)[] | undefined): readonly string[] | undefined => given?.map(String);
