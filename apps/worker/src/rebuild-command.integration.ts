import { Projection, RecordedEvent } from '@app/event-sourcing';
import { PgConfig, PostgresEventStore, startProjections } from '@app/postgres';
import { createTestDatabase, TestDatabase } from '@test/support/postgres';
import { randomUUID } from 'node:crypto';
import { runRebuild } from './rebuild-command';

const things: Projection = {
  name: 'things',
  version: 1,
  tables: [{ name: 'things', keyColumn: 'thing', ddl: 'create table $table (thing text primary key, revision bigint)' }],
  eventTypes: ['ThingSet', 'ThingBroken'],
  project: ({ type, stream, revision }: RecordedEvent) => {
    if (type === 'ThingBroken') throw new Error('it is broken');
    return [{ table: 'things', op: 'upsert', key: stream, columns: { revision } }];
  },
};

function urlOf(config: PgConfig): string {
  if (config.connectionString !== undefined) return config.connectionString;
  const { host = '', port = 5432, user = '', database = '' } = config;
  return `postgresql://${user}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
}

describe('rebuild <name>', () => {
  let database: TestDatabase;
  let store: PostgresEventStore;

  beforeAll(async () => {
    database = await createTestDatabase();
    store = await PostgresEventStore.open({ config: database.config });
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  const append = (stream: string, type: string): Promise<unknown> => {
    const id = randomUUID();
    const metadata = { actor: { kind: 'system', name: 'test' }, correlationId: id, causationId: id } as const;
    return store.append(stream, 'any', [{ id, type, data: {}, metadata }]);
  };
  const command = async (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
    const written = { stdout: '', stderr: '' };
    const code = await runRebuild(args, [things, { ...things, name: 'others' }], {
      env: { DATABASE_URL: urlOf(database.config) },
      stdout: { write: (text) => (written.stdout += text) },
      stderr: { write: (text) => (written.stderr += text) },
    });
    return { code, ...written };
  };

  it('rebuilds, compares, switches and says so', async () => {
    for (const stream of ['thing-1', 'thing-2', 'thing-1']) await append(stream, 'ThingSet');
    const live = await startProjections({ store, config: database.config, projections: [things] });
    expect(await live.waitFor(['things'], await store.headPosition(), 10_000)).toBe(true);
    const { code, stdout, stderr } = await command('things');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('things version 1: 3 events in ');
    expect(stdout).toContain('things_v1: 2 rows, no difference');
    expect(stdout).toContain('switched over in ');
    const only = await command('things', '--compare-only');
    expect(only.code).toBe(0);
    expect(only.stdout).toContain('the live one was left as it is');
    await live.stop();
  });

  it('names the read models when it is given none, or one that there is not', async () => {
    expect(await command()).toEqual({ code: 2, stdout: '', stderr: 'name one read model: things, others\n' });
    expect(await command('thing')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'there is no read model "thing": things, others\n',
    });
  });

  it('says in one line at which event a read model cannot be rebuilt', async () => {
    await append('thing-3', 'ThingBroken');
    const { code, stderr } = await command('things');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `things cannot take event ThingBroken of thing-3, position ${await store.headPosition()}: it is broken\n`,
    });
  });
});
