import { startChildProgram } from '@test/support/child-program';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@test/support/until';
import { PostgresEventStore } from '../event-store/postgres-event-store';
import { openPool, PgConfig } from '../pool';
import { locateBinaries } from './binaries';
import { EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres';
import { EmbeddedPostgresError } from './embedded-postgres-error';
import { chooseIdentity } from './server-identity';

const NOBODY_ID = 65_534;
const ACKNOWLEDGED_BEFORE_KILL = 300;
const appendingProgram = join(__dirname, '../testing/appending-program.ts');

const directories: string[] = [];
const running = new Set<EmbeddedPostgres>();

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rehome-embedded-'));
  directories.push(directory);
  return directory;
}

/** A directory with a cluster that was stopped cleanly: a copy, because creating one takes longer than most tests. */
async function directoryWithCluster(): Promise<string> {
  const directory = await newDirectory();
  await cp(template, directory, { recursive: true });
  return directory;
}

async function start(dataDir: string): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir });
  running.add(postgres);
  return postgres;
}

let template = '';

beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'rehome-embedded-template-'));
  const postgres = await startEmbeddedPostgres({ dataDir: template });
  await query(postgres.config, 'create table kept as select 42 as answer');
  await postgres.stop();
});

afterAll(() => rm(template, { recursive: true, force: true }));

afterEach(async () => {
  for (const postgres of running) await postgres.stop();
  running.clear();
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

async function query(config: PgConfig, text: string): Promise<Record<string, unknown>[]> {
  const pool = openPool(config, { applicationName: 'test', max: 1 });
  try {
    return (await pool.query<Record<string, unknown>>(text)).rows;
  } finally {
    await pool.end();
  }
}

const serverPid = async (dataDir: string): Promise<number> =>
  Number((await readFile(join(dataDir, 'cluster/postmaster.pid'), 'utf8')).split('\n')[0]);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const untilGone = (pid: number): Promise<true> => until(`process ${pid} is gone`, () => !isAlive(pid));

describe('embedded PostgreSQL', () => {
  it('creates a cluster with checksums and full durability, on a private socket only', async () => {
    const dataDir = await newDirectory();
    const { config } = await start(dataDir);
    const names = ['fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums', 'listen_addresses', 'server_encoding'];
    const [row] = await query(config, `select ${names.map((name) => `current_setting('${name}') as ${name}`).join()}`);
    expect(row).toEqual({
      fsync: 'on',
      full_page_writes: 'on',
      synchronous_commit: 'on',
      data_checksums: 'on',
      listen_addresses: '',
      server_encoding: 'UTF8',
    });
    expect((await stat(config.host ?? '')).mode & 0o777).toBe(0o700);
  });

  it('continues on the same data after a stop, and stops without a trace', async () => {
    const dataDir = await newDirectory();
    const first = await start(dataDir);
    await query(first.config, 'create table kept as select 42 as answer');
    const pid = await serverPid(dataDir);
    await first.stop();
    await first.stop();
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(join(dataDir, 'cluster/postmaster.pid'))).toBe(false);
    const second = await start(dataDir);
    expect(await query(second.config, 'select * from kept')).toEqual([{ answer: 42 }]);
  });

  it('loses nothing acknowledged when its process is killed at any moment, and leaves no server behind', async () => {
    const dataDir = await directoryWithCluster();
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      const program = startChildProgram(appendingProgram, [dataDir]);
      await program.untilLines(ACKNOWLEDGED_BEFORE_KILL * (round + 1));
      const pid = await serverPid(dataDir);
      await program.killNow();
      acknowledged.push(...program.lines());
      if (process.platform === 'linux') {
        await untilGone(pid);
        expect(isAlive(pid)).toBe(false);
      }
    }
    const { config } = await start(dataDir);
    const stored = new Set((await query(config, 'select id from events.events')).map(({ id }) => id));
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThanOrEqual(ACKNOWLEDGED_BEFORE_KILL * 6);
  });

  it('starts again at once after a kill, while the old server may still be going down', async () => {
    const dataDir = await directoryWithCluster();
    const program = startChildProgram(appendingProgram, [dataDir]);
    await program.untilLines(1);
    await program.killNow();
    const { config } = await start(dataDir);
    const store = await PostgresEventStore.open({ config });
    const [id] = program.lines();
    expect((await store.readStream(`stream-${String(id)}`)).exists).toBe(true);
    await store.close();
  });

  it('stops a server that outlived its process, and takes over its data', async () => {
    const dataDir = await directoryWithCluster();
    const socketDir = join(dataDir, 'socket');
    const args = ['-D', join(dataDir, 'cluster'), '-k', socketDir, '-c', 'listen_addresses='];
    const command = chooseIdentity().wrap({ program: (await locateBinaries()).postgres, args });
    const orphan = spawn(command.program, command.args, { stdio: 'ignore', detached: true });
    await until('it listens', () => existsSync(join(socketDir, '.s.PGSQL.5432')));
    const second = await start(dataDir);
    expect(orphan.exitCode).toBe(0);
    expect(await query(second.config, 'select * from kept')).toEqual([{ answer: 42 }]);
  });

  it('is not blocked by a pid file that names some other process, nor by nonsense in it', async () => {
    const dataDir = await directoryWithCluster();
    for (const content of [`${process.pid}\n${dataDir}\n`, 'nonsense']) {
      await writeFile(join(dataDir, 'cluster/postmaster.pid'), content);
      const postgres = await start(dataDir);
      expect(await query(postgres.config, 'select 1 as one')).toEqual([{ one: 1 }]);
      await postgres.stop();
    }
    expect(isAlive(process.pid)).toBe(true);
  });

  it('starts over when the creation of the cluster was interrupted', async () => {
    const dataDir = await newDirectory();
    await mkdir(join(dataDir, 'cluster.unfinished/base'), { recursive: true });
    const { config } = await start(dataDir);
    expect(await query(config, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(existsSync(join(dataDir, 'cluster.unfinished'))).toBe(false);
  });

  it('refuses a cluster of another major version and says what to do', async () => {
    const dataDir = await newDirectory();
    await mkdir(join(dataDir, 'cluster'));
    await writeFile(join(dataDir, 'cluster/PG_VERSION'), '17\n');
    await expect(start(dataDir)).rejects.toThrow(EmbeddedPostgresError);
    await expect(start(dataDir)).rejects.toThrow(/PostgreSQL 17.*brings PostgreSQL 18.*DATABASE_URL/s);
  });

  it('refuses a directory whose server is in use, and leaves that server alone', async () => {
    const dataDir = await directoryWithCluster();
    const { config } = await start(dataDir);
    await expect(start(dataDir)).rejects.toThrow(/already runs the database/);
    expect(await query(config, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('shows the end of the server log when the server does not start', async () => {
    const dataDir = await directoryWithCluster();
    await writeFile(join(dataDir, 'cluster/postgresql.auto.conf'), 'shared_buffers = nonsense\n');
    await expect(start(dataDir)).rejects.toThrow(/does not start.*shared_buffers/s);
  });

  it('puts its socket elsewhere when the path of the data directory is too long for one', async () => {
    const dataDir = join(await newDirectory(), 'a-rather-long-name-for-a-directory'.repeat(3));
    await cp(template, dataDir, { recursive: true });
    const { config } = await start(dataDir);
    directories.push(config.host ?? '');
    expect(config.host?.startsWith(dataDir)).toBe(false);
    expect((await stat(config.host ?? '')).mode & 0o777).toBe(0o700);
    expect(await query(config, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('also runs for an ordinary user', async () => {
    const dataDir = await newDirectory();
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await chown(dataDir, NOBODY_ID, NOBODY_ID);
    const program = startChildProgram(appendingProgram, [dataDir], isRoot ? NOBODY_ID : undefined);
    try {
      await program.untilLines(1);
      expect((await stat(join(dataDir, 'cluster'))).uid).toBe(isRoot ? NOBODY_ID : process.getuid?.());
    } finally {
      const pid = await serverPid(dataDir).catch(() => 0);
      await program.killNow();
      if (pid > 0) await untilGone(pid);
    }
  });
});
