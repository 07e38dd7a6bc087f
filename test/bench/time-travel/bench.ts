import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventStore } from '@app/event-sourcing';
import { PgReadDatabase, PostgresEventStore, migrate, openPool, startEmbeddedPostgres, startProjections } from '@app/postgres';
import {
  ACCESS_CONTROL,
  ATTESTATION_FAILURES_SCHEMA,
  CLOCK,
  EVENT_STORE,
  READ_DATABASE,
  ReadDatabase,
  WhyModule,
  attestationFailureMigrations,
} from '@app/provisioning';
import { deviceHistoryProjection } from '@app/provisioning/time-travel/device-history.projection';
import { fleetDiff } from '@app/provisioning/time-travel/fleet-diff.queries';
import { fleetAt, fleetDevices } from '@app/provisioning/time-travel/fleet.queries';
import { WhyReader } from '@app/provisioning/why/why.reader';
import { figuresTable, Figure } from '../report';
import { deviceOf, FleetHistory, writeFleetHistory } from './fleet-history';

const DEVICES_DEFAULT = 100_000;
const RUNS = 5;
const WHY_RUNS = 1_000;
const CATCH_UP_TIMEOUT_MS = 1_200_000;
const TO_REACH_MS = 2_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Milliseconds of each run, shortest first. */
async function timed(runs: number, run: (index: number) => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let index = 0; index < runs; index++) {
    const startedAtMs = performance.now();
    await run(index);
    times.push(performance.now() - startedAtMs);
  }
  return times.sort((a, b) => a - b);
}

const share = (times: readonly number[], part: number): number => times[Math.floor((times.length - 1) * part)] ?? Number.NaN;

async function measureFleet(database: ReadDatabase, { ends }: FleetHistory): Promise<Figure[]> {
  const [first = '', moved = '', stayed = '', reset = ''] = ends;
  const median = async (name: string, run: () => Promise<unknown>): Promise<Figure> => {
    say(`  ${name} …`);
    return { name, value: share(await timed(RUNS, run), 0.5), unit: 'ms', target: { atMost: TO_REACH_MS } };
  };
  const diff = (from: string, to: string) => () => fleetDiff(database, { from, to, twinChangesTable: null }, { limit: 100 });
  return [
    await median('fleet at an early instant', () => fleetAt(database, first)),
    await median('fleet now', () => fleetAt(database, new Date().toISOString())),
    await median('page of 100 devices of a hub', () => fleetDevices(database, moved, { hub: 'hub-b' }, { limit: 100 })),
    await median('diff, all devices moved', diff(first, moved)),
    await median('diff, a fifth reset', diff(stayed, reset)),
    await median('diff, nobody moved', diff(moved, stayed)),
    await median('diff, the whole history', diff('2000-01-01T00:00:00.000Z', reset)),
  ];
}

async function measureWhy(store: EventStore, database: ReadDatabase, devices: number): Promise<Figure[]> {
  const providers = [
    { provide: EVENT_STORE, useValue: store },
    { provide: READ_DATABASE, useValue: database },
    { provide: ACCESS_CONTROL, useValue: {} },
    { provide: CLOCK, useValue: () => new Date() },
  ];
  @Module({})
  class Parts {}
  const parts = { module: Parts, global: true, providers, exports: providers.map(({ provide }) => provide) };
  const app = await NestFactory.createApplicationContext({ module: Parts, imports: [parts, WhyModule] }, { logger: false });
  const reader = app.get(WhyReader);
  const step = Math.max(1, Math.floor(devices / WHY_RUNS));
  const times = await timed(WHY_RUNS, (index) => reader.why(deviceOf((index * step) % devices), {}, false));
  await app.close();
  return [
    { name: 'why, p50', value: share(times, 0.5), unit: 'ms', note: 'one after the other, without HTTP' },
    { name: 'why, p99', value: share(times, 0.99), unit: 'ms' },
  ];
}

async function measure(directory: string, devices: number): Promise<void> {
  const postgres = await startEmbeddedPostgres({ dataDir: join(directory, 'postgres') });
  const { config } = postgres;
  const store = await PostgresEventStore.open({ config });
  const pool = openPool(config, { applicationName: 'bench', max: 4 });
  try {
    await migrate(pool, ATTESTATION_FAILURES_SCHEMA, attestationFailureMigrations);
    const database = new PgReadDatabase(pool);
    say(`  the past of ${devices} devices …`);
    const fleet = await writeFleetHistory(store, devices);
    say(
      `  ${fleet.events} events are written, ${Math.round((fleet.events * 1_000) / fleet.elapsedMs)}/s; now they are projected …`,
    );
    const startedAtMs = performance.now();
    const projections = await startProjections({ store, config, projections: [deviceHistoryProjection] });
    await projections.waitFor([deviceHistoryProjection.name], await store.headPosition(), CATCH_UP_TIMEOUT_MS);
    const rate = (fleet.events * 1_000) / (performance.now() - startedAtMs);
    const projected: Figure = { name: 'history of devices, from the log', value: rate, unit: 'events/s' };
    const figures = [projected, ...(await measureFleet(database, fleet)), ...(await measureWhy(store, database, devices))];
    await projections.stop();
    say(['', figuresTable(figures), ''].join('\n'));
  } finally {
    await store.close();
    await pool.end();
    await postgres.stop();
  }
}

/** The fleet at an instant, the difference of two, and explanations, over a history that is written for it and gone afterwards. */
export async function benchTimeTravel(args: readonly string[]): Promise<void> {
  const options = { devices: { type: 'string', default: String(DEVICES_DEFAULT) } } as const;
  const devices = Number(parseArgs({ args: [...args], options }).values.devices);
  if (!Number.isInteger(devices) || devices < 1) throw new RangeError('--devices is a whole number from 1');
  const directory = await mkdtemp(join(tmpdir(), 'rehome-bench-'));
  try {
    await measure(directory, devices);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
