import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventStore } from '@app/event-sourcing';
import { PgConfig, openPool, startEmbeddedPostgres, startProjections } from '@app/postgres';
import { projections } from '@app/runtime';
import type { RunningService } from '@test/support/running-service';
import { SmallFleet } from '@test/support/small-fleet';
import { databaseOf, withServiceLog } from '@test/support/stored-logs';
import { Progress } from '../progress';
import type { Figure } from '../report';
import { FleetModels, writeFleetLog } from './fleet-log';
import { say, timed } from './timing';

/** An enrollment may name it; the service has no such hub. */
const MISSING_HUB = 'gone.localhost';
const POLL_MS = 500;
const MS_PER_S = 1_000;
const BYTES_PER_MB = 1024 ** 2;

/** Two devices of each hub as the service registers them; the second of each then finds no hub any more. */
export async function registerModels(service: RunningService): Promise<FleetModels> {
  const fleet = await SmallFleet.enroll(service, 2);
  const [hubA, hubB] = service.hubs;
  const [first, lost] = fleet.thermostats;
  const [second, alsoLost] = fleet.pumps;
  if (first === undefined || lost === undefined || second === undefined || alsoLost === undefined) throw new Error('no models');
  for (const [group, hub, device] of [
    ['thermostats', hubA, lost],
    ['pumps', hubB, alsoLost],
  ] as const) {
    await fleet.redirect(group, MISSING_HUB);
    await fleet.calls.register(device);
    await fleet.redirect(group, hub);
  }
  const id = ({ registrationId }: { readonly registrationId: string }): string => registrationId;
  return { assigned: [id(first), id(second)], failed: [id(lost), id(alsoLost)] };
}

/**
 * The past of the fleet in the log of the service, which is stopped meanwhile, written through the same stores as the service's own
 * events; and then in its read models, through the runner that a service starts with.
 */
export async function preparePast(
  dataDir: string,
  devices: number,
  models: FleetModels,
  signal: AbortSignal,
): Promise<readonly Figure[]> {
  const postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres') });
  try {
    const { config } = postgres;
    return await withServiceLog(config, dataDir, async (store) => [
      await written(store, devices, models, signal),
      await projected(store, config, signal),
    ]);
  } finally {
    await postgres.stop();
  }
}

async function written(store: EventStore, devices: number, models: FleetModels, signal: AbortSignal): Promise<Figure> {
  say(`  the past of ${devices} devices …`);
  const progress = new Progress('devices written', devices);
  const { events, elapsedMs } = await writeFleetLog(store, devices, models, (done) => {
    signal.throwIfAborted();
    progress.show(done);
  });
  progress.end();
  const note = `${events} events in ${seconds(elapsedMs)}, chained and sealed`;
  return { name: 'past written', value: (events * MS_PER_S) / elapsedMs, unit: 'events/s', note };
}

async function projected(store: EventStore, config: PgConfig, signal: AbortSignal): Promise<Figure> {
  say('  its read models …');
  const startedAtMs = performance.now();
  const running = await startProjections({ store, config, projections });
  try {
    const behind = async (): Promise<number> =>
      Math.max(...(await running.status()).map(({ lagEvents, error }) => lagOf(lagEvents, error)));
    const events = await behind();
    const progress = new Progress('events in every read model', events);
    for (let left = events; left > 0; left = await behind()) {
      await sleep(POLL_MS, undefined, { signal });
      progress.show(events - left);
    }
    progress.end();
    const elapsedMs = performance.now() - startedAtMs;
    const note = `${events} events in ${seconds(elapsedMs)}`;
    return {
      name: `${projections.length} read models made live`,
      value: (events * MS_PER_S) / elapsedMs,
      unit: 'events/s',
      note,
    };
  } finally {
    await running.stop();
  }
}

function lagOf(lagEvents: number | null, error: string | null): number {
  if (error !== null || lagEvents === null)
    throw new Error(`a read model cannot go on: ${error ?? 'nobody knows how far it is'}`);
  return lagEvents;
}

const seconds = (elapsedMs: number): string => `${(elapsedMs / MS_PER_S).toFixed(0)} s`;

/** Statistics and visibility as a service has them that did not write everything a minute ago. */
export async function settle({ dataDir }: RunningService): Promise<void> {
  say('  vacuum analyze …');
  const pool = openPool(await databaseOf(dataDir), { applicationName: 'bench', max: 1 });
  try {
    await pool.query('vacuum analyze');
  } finally {
    await pool.end();
  }
}

/** The chain through every stream and the signed roots, by the running service itself. Error: a log that is not as the service wrote it. */
export async function verified(service: RunningService): Promise<Figure> {
  say('  verifying the log …');
  const [{ text }, elapsedMs] = await timed(() => service.manage('POST', '/audit/verify', { log: 'provisioning' }));
  const last = text.trimEnd().split('\n').at(-1) ?? '';
  const { intact, events, streams } = JSON.parse(last) as { intact?: boolean; events: number; streams: number };
  if (intact !== true) throw new Error(`the log is not intact: ${last}`);
  const value = (events * MS_PER_S) / elapsedMs;
  return { name: 'log verified, intact', value, unit: 'events/s', note: `${streams} streams in ${seconds(elapsedMs)}` };
}

/** Log, keys and read models; and the database's journal, which does not grow with the fleet. */
export async function diskOf({ dataDir }: RunningService, devices: number): Promise<Figure> {
  const journal = await bytesUnder(join(dataDir, 'postgres', 'cluster', 'pg_wal'));
  const bytes = (await bytesUnder(dataDir)) - journal;
  const perDevice = Math.round(bytes / devices).toLocaleString('en');
  const note = `${perDevice} bytes a device; ${Math.round(journal / BYTES_PER_MB)} MB of journal besides`;
  return { name: 'disk for log and read models', value: bytes / BYTES_PER_MB, unit: 'MB', note };
}

async function bytesUnder(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  // The database may have removed one meanwhile.
  const sizes = await Promise.all(
    files.map((path) =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
