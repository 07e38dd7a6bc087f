import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PgReadDatabase, PostgresEventStore, openPool, startEmbeddedPostgres, startProjections } from '@app/postgres';
import { auditIndexProjection } from '@app/provisioning/audit-history/audit-index.projection';
import { AuditFilter, AuditOrder } from '@app/provisioning/audit-history/audit-index.queries';
import { AuditLog } from '@app/provisioning/audit-history/audit-log';
import { percentile } from '../closed-loop';
import { Figure, figuresTable } from '../report';
import { FleetHistory, deviceOf, writeFleetHistory } from '../time-travel/fleet-history';

const EVENTS_DEFAULT = '1000000';
/** What the written past has of each device, on average. */
const EVENTS_PER_DEVICE = 10;
const CATCH_UP_TIMEOUT_MS = 7_200_000;
const RUNS = 200;
const WARM_UP_RUNS = 10;
const PAGE_EVENTS = 100;
/** Pages of 1,000 events turned before a deep one is measured. */
const DEEP_PAGES = 50;
const DEEP_PAGE_EVENTS = 1_000;
const EXPORT_EVENTS_MAX = 50_000;
const TO_REACH_MS = 20;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Question {
  readonly name: string;
  readonly filter: (run: number) => AuditFilter;
  readonly order?: AuditOrder;
  readonly cursor?: string | undefined;
}

/** Each run asks for another device, so that it is not one page that is measured. */
async function timedPages(audit: AuditLog, { name, filter, order = 'desc', cursor }: Question): Promise<Figure> {
  say(`  ${name} …`);
  const timesMs: number[] = [];
  let events = 0;
  for (let run = -WARM_UP_RUNS; run < RUNS; run++) {
    const startedAtMs = performance.now();
    const { items } = await audit.page(filter(run + WARM_UP_RUNS), order, { limit: PAGE_EVENTS, cursor });
    if (run >= 0) timesMs.push(performance.now() - startedAtMs);
    events = items.length;
  }
  const ascending = timesMs.sort((a, b) => a - b);
  const note = `p50 ${percentile(ascending, 0.5).toFixed(1)} ms, ${events} events in the last page`;
  return { name: `${name}, p99`, value: percentile(ascending, 0.99), unit: 'ms', target: { atMost: TO_REACH_MS }, note };
}

async function deepCursor(audit: AuditLog, filter: AuditFilter): Promise<string | undefined> {
  let cursor: string | undefined;
  for (let page = 0; page < DEEP_PAGES; page++) {
    const { nextCursor } = await audit.page(filter, 'desc', { limit: DEEP_PAGE_EVENTS, cursor });
    if (nextCursor === null) return cursor;
    cursor = nextCursor;
  }
  return cursor;
}

async function measurePages(audit: AuditLog, devices: number, { ends }: FleetHistory): Promise<Figure[]> {
  const [first = '', moved = ''] = ends;
  const hub = { hub: 'hub-b' };
  const questions: Question[] = [
    { name: 'newest page of everything', filter: () => ({}) },
    { name: 'device', filter: (run) => ({ registrationId: deviceOf((run * 7_919) % devices) }) },
    { name: 'hub', filter: () => hub },
    { name: 'hub and type', filter: () => ({ ...hub, type: 'TwinMigrated' }) },
    { name: 'hub, type and time', filter: () => ({ ...hub, type: 'DeviceAssigned', since: first, until: moved }), order: 'asc' },
    { name: 'type', filter: () => ({ type: 'TwinReset' }) },
    { name: 'time', filter: () => ({ since: first, until: moved }), order: 'asc' },
    { name: 'deep page of everything', filter: () => ({}), cursor: await deepCursor(audit, {}) },
    { name: 'deep page of a hub', filter: () => hub, cursor: await deepCursor(audit, hub) },
  ];
  const figures: Figure[] = [];
  for (const question of questions) figures.push(await timedPages(audit, question));
  return figures;
}

async function measureExport(audit: AuditLog): Promise<Figure> {
  const startedAtMs = performance.now();
  let events = 0;
  for await (const batch of audit.batches({}, 'asc')) {
    events += batch.length;
    if (events >= EXPORT_EVENTS_MAX) break;
  }
  const value = (events * 1_000) / (performance.now() - startedAtMs);
  return { name: 'export, without HTTP', value, unit: 'events/s', note: `the first ${events}` };
}

async function measure(directory: string, devices: number): Promise<void> {
  const postgres = await startEmbeddedPostgres({ dataDir: join(directory, 'postgres') });
  const { config } = postgres;
  const store = await PostgresEventStore.open({ config });
  const pool = openPool(config, { applicationName: 'bench', max: 4 });
  try {
    say(`  the past of ${devices} devices …`);
    const fleet = await writeFleetHistory(store, devices);
    const written = Math.round((fleet.events * 1_000) / fleet.elapsedMs);
    say(`  ${fleet.events} events are written, ${written}/s; now they are indexed …`);
    const startedAtMs = performance.now();
    const projections = await startProjections({ store, config, projections: [auditIndexProjection] });
    const { name } = auditIndexProjection;
    const head = await store.headPosition();
    if (!(await projections.waitFor([name], head, CATCH_UP_TIMEOUT_MS))) throw new Error('the index has not come');
    const rate = (fleet.events * 1_000) / (performance.now() - startedAtMs);
    await projections.stop();
    await pool.query('vacuum analyze');
    const audit = new AuditLog(new PgReadDatabase(pool), store);
    const indexed: Figure = {
      name: 'index, live from an empty one',
      value: rate,
      unit: 'events/s',
      note: `${fleet.events} events`,
    };
    say(['', figuresTable([indexed, ...(await measurePages(audit, devices, fleet)), await measureExport(audit)]), ''].join('\n'));
  } finally {
    await store.close();
    await pool.end();
    await postgres.stop();
  }
}

/** Pages of history, with their events, over a log that is written for it and gone afterwards. */
export async function benchAuditHistory(args: readonly string[]): Promise<void> {
  const options = { events: { type: 'string', default: EVENTS_DEFAULT }, devices: { type: 'string' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const devices = values.devices === undefined ? Math.round(Number(values.events) / EVENTS_PER_DEVICE) : Number(values.devices);
  if (!Number.isSafeInteger(devices) || devices < 1) {
    throw new RangeError(`--devices is a whole number from 1, --events one from ${EVENTS_PER_DEVICE}`);
  }
  const directory = await mkdtemp(join(tmpdir(), 'rehome-bench-'));
  try {
    await measure(directory, devices);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
