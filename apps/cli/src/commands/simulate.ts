import { setMaxListeners } from 'node:events';
import { createSecureContext } from 'node:tls';
import { deviceKey } from '../connection/sas';
import { CommandFailed, exitCode, usageError } from '../exit-codes';
import { liveTable, simulationTable } from '../simulate/live-table';
import { HttpRegistrar, MqttRegistrar } from '../simulate/registrar';
import { liveOn, pause } from '../simulate/simulated-device';
import { Tally } from '../simulate/tally';
import { Context, Verb, verb } from '../verb';
import { groupKey } from './group-key';
import { countIn, part, shared } from './inputs';

const { text } = shared;
const DEVICES_MAX = 5_000;
const DURATION_MAX_S = 86_400;
const RATE_MAX = 1_000;
const LISTENERS_PER_DEVICE_MAX = 4;

export const simulateVerb: Verb = verb({
  command: 'simulate',
  summary: 'Devices that register, live on their hub and come back, with a live table',
  options: {
    devices: { type: 'number', default: 10, describe: `How many, at most ${DEVICES_MAX}`, requiresArg: true },
    'enrollment-id': {
      ...text('Enrollment group of the devices; it attests by symmetric keys', ['eid', 'group-id', 'gid']),
      default: 'simulation',
    },
    'create-group': { type: 'boolean', describe: 'Create the group when it is not there' },
    prefix: { ...text('Beginning of the registration ids'), default: 'simulated' },
    transport: {
      choices: ['http', 'mqtt'],
      default: 'mqtt',
      describe: 'How they register; they live over MQTT',
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
  ],
  run: async (values, context) => {
    const { io, printer } = context;
    const devices = countIn('devices', values.devices, DEVICES_MAX);
    const durationS = countIn('duration', values.duration, DURATION_MAX_S);
    const rate = countIn('rate', values.rate, RATE_MAX);
    const key = await keyOf(values.enrollmentId, values.createGroup === true, context);
    const { settings } = context.service;
    if (settings.idScope === undefined)
      throw usageError('the id scope is not known; `source data/client.env`, or give --data-dir');
    const secureContext = createSecureContext(settings.ca === undefined ? {} : { ca: [...settings.ca] });
    const door = { ...settings, idScope: settings.idScope, secureContext };
    const registrar = values.transport === 'http' ? new HttpRegistrar(door) : new MqttRegistrar(door);
    const tally = new Tally();
    // Not put together from `AbortSignal.timeout`: such a signal may be collected as garbage before its time.
    const ending = new AbortController();
    const { signal } = ending;
    const timer = setTimeout(() => ending.abort(), durationS * 1_000);
    io.signal.addEventListener('abort', () => ending.abort());
    // Each device waits for it in a few places.
    setMaxListeners(devices * LISTENERS_PER_DEVICE_MAX, signal);
    const hubs = { port: settings.mqttPort, secureContext };
    const stayMs = countIn('interval', values.interval, DURATION_MAX_S) * 1_000;
    const reportIntervalMs = countIn('report-interval', values.reportInterval, DURATION_MAX_S) * 1_000;
    const life = { registrar, tally, door: hubs, stayMs, reportIntervalMs, signal };
    const stopTable = liveTable(io, tally);
    try {
      const lives: Promise<void>[] = [];
      for (let index = 1; index <= devices && !signal.aborted; index++) {
        const registrationId = `${values.prefix}-${String(index).padStart(4, '0')}`;
        lives.push(liveOn({ registrationId, key: deviceKey(key, registrationId) }, life));
        await pause(1_000 / rate, signal);
      }
      await Promise.all(lives);
    } finally {
      clearTimeout(timer);
      stopTable();
      registrar.close();
    }
    const summary = tally.summary();
    printer.text(simulationTable(summary), summary);
    return summary.failures > 0 ? exitCode.no : exitCode.ok;
  },
});

async function keyOf(group: string, mayCreate: boolean, context: Context): Promise<string> {
  try {
    return await groupKey(group, context);
  } catch (error) {
    const isMissing = error instanceof CommandFailed && error.code === exitCode.no;
    if (!isMissing || !mayCreate) throw error;
  }
  const body = { enrollmentGroupId: group, attestation: { type: 'symmetricKey' } };
  await context.service.service('PUT', `/enrollmentGroups/${part(group)}`, { body });
  return groupKey(group, context);
}
