import { exitCode } from '../exit-codes';
import { DEVICES_MAX } from '../simulate/crowd';
import { simulationTable } from '../simulate/live-table';
import { simulate } from '../simulate/simulation';
import { Transport, transports } from '../simulate/transports';
import { Verb, verb } from '../verb';
import { countIn, shared } from './inputs';

const { text } = shared;
const DURATION_MAX_S = 86_400;
const RATE_MAX = 1_000;

export const simulateVerb: Verb = verb({
  command: 'simulate',
  summary: 'Devices that register, live on their hub and come back, with a live table',
  options: {
    devices: { type: 'number', describe: `How many, at most ${DEVICES_MAX}; 10 when left out`, requiresArg: true },
    prefix: { ...text('Beginning of the registration ids'), default: 'simulated' },
    'registration-id': {
      type: 'array',
      string: true,
      alias: 'rid',
      describe: 'Names of the devices instead; without certificates, each has an enrollment of its own',
    },
    'enrollment-id': {
      ...text('Enrollment group of the devices; the service is asked for its key', ['eid', 'group-id', 'gid']),
      default: 'simulation',
    },
    'create-group': { type: 'boolean', describe: 'Create the group when it is not there' },
    'certificate-path': text(
      "PEM file of an authority's certificate, by which each device is given one, or of one device's own; then those above it",
      'cp',
    ),
    'key-path': text('PEM file of the private key of that certificate', 'kp'),
    transport: {
      choices: transports,
      default: 'mqtt',
      describe: 'How they register; they live on their hub over MQTT, with `-ws` over a WebSocket',
      requiresArg: true,
    },
    duration: { type: 'number', default: 60, describe: 'Seconds until all of it ends; Ctrl-C ends it before', requiresArg: true },
    interval: {
      type: 'number',
      default: 30,
      describe: 'Seconds that a device lives on its hub before it comes back',
      requiresArg: true,
    },
    'report-interval': { type: 'number', default: 10, describe: 'Seconds between the reports of a device', requiresArg: true },
    rate: { type: 'number', default: 50, describe: 'Devices that begin in a second', requiresArg: true },
  },
  examples: [
    ['simulate --devices 200 --create-group --duration 300', 'two hundred devices for five minutes'],
    ['simulate --devices 50 --enrollment-id line-7 --transport http --interval 5 -o json', 'a result for programs'],
    ['simulate --registration-id sn-42 sn-43 --transport amqp-ws', 'two devices with enrollments of their own'],
    [
      'simulate --certificate-path factory.pem --key-path factory.key --enrollment-id line-8 --create-group',
      'by certificates that an authority makes',
    ],
  ],
  run: async (values, context) => {
    const wish = {
      ...values,
      transport: values.transport as Transport,
      durationS: countIn('duration', values.duration, DURATION_MAX_S),
      rate: countIn('rate', values.rate, RATE_MAX),
      stayMs: countIn('interval', values.interval, DURATION_MAX_S) * 1_000,
      reportIntervalMs: countIn('report-interval', values.reportInterval, DURATION_MAX_S) * 1_000,
    };
    const summary = await simulate(wish, context);
    context.printer.text(simulationTable(summary), summary);
    return summary.failures > 0 ? exitCode.no : exitCode.ok;
  },
});
