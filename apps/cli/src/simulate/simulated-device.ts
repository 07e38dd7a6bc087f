import { setTimeout as sleep } from 'node:timers/promises';
import { sasToken } from '../connection/sas';
import { unlessAborted } from './answers';
import { Identity } from './identity';
import { MqttClient } from './mqtt-client';
import { Door } from './open-stream';
import { Assignment } from './registration';
import { Tally } from './tally';
import { Register } from './transports';

const HUB_API_VERSION = '2021-04-12';
/** So that a hub which ends connections at once is not called without end. */
const RETURN_PAUSE_MS = 100;
const FAILURE_PAUSE_MS = 1_000;
const FAILURE_PAUSE_MAX_MS = 30_000;

export interface Life {
  readonly register: Register;
  readonly tally: Tally;
  /** Where a device finds a hub. */
  readonly door: (hub: string, device: Identity) => Door;
  /** How long a device lives on its hub before it comes back. */
  readonly stayMs: number;
  readonly reportIntervalMs: number;
  /** Ends all devices. */
  readonly signal: AbortSignal;
}

/** One device: registers, lives on the hub it was told, comes back, until it is ended. Never rejects. */
export async function liveOn(device: Identity, life: Life): Promise<void> {
  const { register, tally, signal } = life;
  const { registrationId } = device;
  let failuresInARow = 0;
  for (let visit = 1; !signal.aborted; visit++) {
    try {
      tally.is(registrationId, 'registering');
      const assignment = await register(device, signal);
      tally.registered(registrationId, assignment.hub);
      await stay(device, assignment, visit, life);
      failuresInARow = 0;
      await pause(RETURN_PAUSE_MS, signal);
    } catch (error) {
      if (isOver(signal)) return;
      tally.failed(registrationId, error instanceof Error ? error.message : String(error));
      await pause(Math.min(FAILURE_PAUSE_MS * 2 ** Math.min(failuresInARow++, 10), FAILURE_PAUSE_MAX_MS), signal);
    }
  }
}

const isOver = (signal: AbortSignal): boolean => signal.aborted;

/** A device that ends with all others leaves its hub at once. */
async function stay(device: Identity, assignment: Assignment, visit: number, life: Life): Promise<void> {
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  life.signal.addEventListener('abort', leave);
  try {
    if (!life.signal.aborted) await stayUntil(leaving, device, assignment, visit, life);
  } finally {
    life.signal.removeEventListener('abort', leave);
  }
}

/** On its hub: reports, and answers direct methods; one named `reprovision` sends it back at once. */
async function stayUntil(
  leaving: AbortController,
  device: Identity,
  { hub, deviceId }: Assignment,
  visit: number,
  { tally, door, stayMs, reportIntervalMs }: Life,
): Promise<void> {
  const { registrationId, key } = device;
  const leave = (): void => leaving.abort();
  const userName = `${hub}/${deviceId}/?api-version=${HUB_API_VERSION}`;
  const password = key === undefined ? undefined : sasToken(`${hub}/devices/${deviceId}`, key);
  const connecting = MqttClient.connect(
    door(hub, device),
    { clientId: deviceId, userName, password },
    ({ topic }, connection) => {
      const [, method, rid] = /^\$iothub\/methods\/POST\/([^/]+)\/\?\$rid=(.+)$/.exec(topic) ?? [];
      if (method === undefined || rid === undefined) return;
      const answered = connection.publish(`$iothub/methods/res/200/?$rid=${rid}`, '{}').catch(() => undefined);
      if (method === 'reprovision') void answered.then(leave);
    },
  );
  const client = await unlessAborted(leaving.signal, connecting);
  // A hub that ends the connection has moved or disabled the device, or goes itself; the device comes back then.
  void client.closed.then(() => {
    if (!leaving.signal.aborted) tally.disconnected();
    leaving.abort();
  });
  try {
    await client.subscribe('$iothub/twin/res/#', '$iothub/methods/POST/#');
    tally.is(registrationId, 'living');
    const untilMs = performance.now() + stayMs;
    for (let report = 1; !leaving.signal.aborted && performance.now() < untilMs; report++) {
      const simulated = { visit, report, at: new Date().toISOString() };
      if (await isReported(client, report, simulated)) tally.reported();
      await pause(Math.min(reportIntervalMs, Math.max(untilMs - performance.now(), 0)), leaving.signal);
    }
  } finally {
    // What ends from here on has been meant.
    leaving.abort();
    tally.is(registrationId, 'waiting');
    client.close();
  }
}

/** False when the connection ended before the hub had it. */
async function isReported(client: MqttClient, report: number, simulated: object): Promise<boolean> {
  const topic = `$iothub/twin/PATCH/properties/reported/?$rid=${report}`;
  return client.publish(topic, JSON.stringify({ simulated })).then(
    () => true,
    () => false,
  );
}

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
