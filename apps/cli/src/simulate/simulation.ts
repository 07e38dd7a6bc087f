import { setMaxListeners } from 'node:events';
import { usageError } from '../exit-codes';
import { Context } from '../verb';
import { CrowdWish, crowdOf } from './crowd';
import { liveTable } from './live-table';
import { liveOn, pause } from './simulated-device';
import { Summary, Tally } from './tally';
import { Transport, hubDoor, registrar } from './transports';

const LISTENERS_PER_DEVICE_MAX = 6;

export interface SimulationWish extends CrowdWish {
  readonly transport: Transport;
  readonly durationS: number;
  /** Devices that begin in a second. */
  readonly rate: number;
  readonly stayMs: number;
  readonly reportIntervalMs: number;
}

/** Lets the devices live until their time is over or they are interrupted. Errors: `crowdOf`. */
export async function simulate(wish: SimulationWish, context: Context): Promise<Summary> {
  const { io } = context;
  const { transport, durationS, rate, stayMs, reportIntervalMs } = wish;
  const crowd = await crowdOf(wish, context);
  const { settings } = context.service;
  if (settings.idScope === undefined) throw usageError('the id scope is not known; `source data/client.env`, or give --data-dir');
  const doors = { ...settings, idScope: settings.idScope };
  const devices = crowd.registrationIds.length;
  const tally = new Tally({ devices, durationS });
  // Not put together from `AbortSignal.timeout`: such a signal may be collected as garbage before its time.
  const ending = new AbortController();
  const { signal } = ending;
  const timer = setTimeout(() => ending.abort(), durationS * 1_000);
  const interrupt = (): void => {
    tally.interrupted();
    ending.abort();
  };
  io.signal.addEventListener('abort', interrupt);
  // Each device waits for it in a few places.
  setMaxListeners(devices * LISTENERS_PER_DEVICE_MAX, signal);
  const door: Parameters<typeof liveOn>[1]['door'] = (hub, device) => hubDoor(transport, doors, hub, device);
  const life = { register: registrar(transport, doors), tally, door, stayMs, reportIntervalMs, signal };
  const stopTable = liveTable(io, tally);
  try {
    const lives: Promise<void>[] = [];
    for (const registrationId of crowd.registrationIds) {
      if (signal.aborted) break;
      lives.push(liveOn(await crowd.identity(registrationId), life));
      await pause(1_000 / rate, signal);
    }
    await Promise.all(lives);
  } finally {
    clearTimeout(timer);
    stopTable();
  }
  return tally.summary();
}
