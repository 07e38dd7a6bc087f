import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openPool } from '@app/postgres';
import { cells } from '@test/support/command-line';
import { ServedCommandLine } from '@test/support/served-command-line';
import { databaseOf } from '@test/support/stored-logs';

let cli: ServedCommandLine;
beforeAll(async () => {
  cli = await ServedCommandLine.start();
});
afterAll(() => cli.close());

/** All rows of a read model as they lie in the database. */
async function readModelTexts(table: string): Promise<string> {
  const pool = openPool(await databaseOf(cli.service.dataDir), { applicationName: 'test', max: 1 });
  try {
    const { rows: names } = await pool.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'read_models' and tablename ~ $1`,
      [`^${table}_v\\d+$`],
    );
    const rows = await Promise.all(names.map(({ name }) => pool.query(`select t::text from read_models.${name} t`)));
    return JSON.stringify(rows.map((result) => result.rows as unknown[]));
  } finally {
    await pool.end();
  }
}

describe('one device that moved', () => {
  const id = 'mover';
  let before: string;

  beforeAll(async () => {
    const device = await cli.calls.enroll({ iotHubs: [cli.hubA], allocationPolicy: 'static' }, id);
    expect((await cli.calls.register(device)).status).toBe('assigned');
    await new Promise((resolve) => setTimeout(resolve, 20));
    before = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await cli.ok(`enrollment update --eid ${id} --iot-hubs ${cli.hubB}`);
    expect((await cli.calls.register(device)).status).toBe('assigned');
    await cli.service.caughtUp();
  });

  test('where it is and what happened to it', async () => {
    expect(await cli.json(`registration show --rid ${id}`)).toMatchObject({ status: 'assigned', assignedHub: cli.hubB });
    const listed = cells(await cli.ok(`registration list --hub ${cli.hubB} --prefix ${id}`));
    expect(listed[1]?.slice(0, 3)).toEqual([id, 'assigned', cli.hubB]);
    const history = (await cli.json(`history ${id} --order asc --no-twin`)) as { type: string }[];
    expect(history.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['AssignmentStarted', 'TwinMigrated', 'DeviceAssigned']),
    );
    expect(cells(await cli.ok(`history ${id} --of enrollment`))[0]).toEqual([
      'TIME',
      'EVENT',
      'DEVICE',
      'ENROLLMENT',
      'HUBS',
      'BY',
      'POSITION',
    ]);
    const arrivals = (await cli.json(`history ${cli.hubB} --of linked-hub --type DeviceAssigned`)) as {
      registrationId: string;
    }[];
    expect(arrivals[0]?.registrationId).toBe(id);
    expect(await cli.run('history nobody')).toMatchObject({ code: 1, out: '' });
  });

  test('why it is there, and what would happen', async () => {
    expect(await cli.ok(`why ${id}`)).toContain(cli.hubB);
    expect(await cli.json(`why ${id} --at ${before}`)).toMatchObject({ facts: { hub: cli.hubA } });
    const preview = await cli.ok(`preview ${id}`);
    expect(preview).toMatch(new RegExp(`^assign: keep at ${cli.hubB}\\n`));
    await cli.ok(`enrollment update --eid ${id} --ps disabled`);
    expect(await cli.run(`preview ${id}`)).toMatchObject({ code: 1 });
    await cli.ok(`enrollment update --eid ${id} --ps enabled`);
    expect(await cli.run(`reprovision ${id}`)).toMatchObject({ code: 1 });
  });

  test('the fleet and the device as they were, and the difference', async () => {
    expect(await cli.ok(`at ${before}`)).toMatch(/^\d+ devices at /);
    expect(await cli.json(`at ${before} --registration-id ${id}`)).toMatchObject({ assignedHub: cli.hubA });
    expect(await cli.json(`at --rid ${id} --twin`)).toMatchObject({ registrationId: id });
    const then = (await cli.json(`at ${before} --devices --hub ${cli.hubA}`)) as { registrationId: string }[];
    expect(then.map(({ registrationId }) => registrationId)).toContain(id);
    expect(await cli.json(`diff ${before}`)).toMatchObject({
      totals: { moved: 1 },
      items: [{ registrationId: id, change: 'moved' }],
    });
    expect(await cli.ok(`diff ${before}`)).toMatch(/moved: 1/);
  });

  test('flows between hubs, as sums, by the day, and as the API tells them', async () => {
    const told = await cli.ok('flows');
    expect(told).toMatch(/^2 devices came to a hub from \S+ to \S+\n/);
    const rows = cells(told.slice(told.indexOf('\n') + 1));
    expect(rows[0]).toEqual(['FROM', 'TO', 'ACTION', 'DEVICES']);
    expect(rows).toContainEqual([cli.hubA, cli.hubB, 'migrate', '1']);
    const daily = await cli.ok(`flows --step day --each --since ${before.slice(0, 10)}`);
    expect(daily).toContain(`${before.slice(0, 10)}T00:00:00.000Z`);
    expect(await cli.json(`flows --until ${before.slice(0, 10)}`)).toMatchObject({ step: 'hour', devices: 0, flows: [] });
    expect(await cli.run('flows --step minute')).toMatchObject({ code: 2 });
    expect(await cli.run('flows --since 2026-01-02 --until 2026-01-01')).toMatchObject({ out: '' });
  });

  test('its registration is deleted, its history is not', async () => {
    await cli.ok(`registration delete --rid ${id}`);
    expect(await cli.run(`registration delete --rid ${id}`)).toMatchObject({ code: 1 });
    expect(await cli.ok(`history ${id}`)).toContain('DeviceAssigned');
  });
});

describe('the log', () => {
  test('is listed, shown event by event, and verified', async () => {
    const [latest] = (await cli.json('audit list --top 1')) as { position: string }[];
    expect(await cli.json(`audit event ${latest?.position ?? ''}`)).toMatchObject({
      position: latest?.position,
      hash: expect.any(String) as string,
    });
    expect(await cli.ok('audit public-key')).toContain('BEGIN PUBLIC KEY');
    await cli.ok('audit roots');
    expect(await cli.ok('verify')).toMatch(/^intact: the log provisioning, \d+ events/);
    expect(await cli.json('verify --log hubs')).toMatchObject({ intact: true, log: 'hubs' });
  });

  test('is exported whole and in parts', async () => {
    const file = join(cli.files, 'log.csv');
    await cli.ok(`export --format csv --file ${file}`);
    const rows = (await readFile(file, 'utf8')).trimEnd().split('\n').length - 1;
    const lines = (await cli.ok('export')).trimEnd().split('\n');
    expect(lines.length).toBe(rows);
    const some = (await cli.ok('export --registration-id mover')).trimEnd().split('\n');
    expect(some.every((line) => (JSON.parse(line) as { registrationId: string }).registrationId === 'mover')).toBe(true);
    expect(await cli.run(`export --file ${cli.files}/no/such/place`)).toMatchObject({ code: 3 });
  });

  test('is replayed to a file and to a sink, in order and again where the sink fails', async () => {
    const file = join(cli.files, 'replay.ndjson');
    await cli.ok(`replay --device mover --to-file ${file}`);
    const wanted = (await readFile(file, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    const taken: string[] = [];
    let refusals = 2;
    const sink = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      request.on('end', () => {
        const refuses = taken.length === 1 && refusals-- > 0;
        if (!refuses) taken.push((JSON.parse(text) as { id: string }).id);
        response.writeHead(refuses ? 503 : 204).end();
      });
    });
    await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
    const { port } = sink.address() as AddressInfo;
    expect(await cli.json(`replay --device mover --to-url http://127.0.0.1:${port}/events`)).toMatchObject({
      events: wanted.length,
    });
    sink.close();
    expect(taken).toEqual(wanted);
    expect(refusals).toBeLessThan(1);
  });
});

test('a read model is rebuilt, compared and switched', async () => {
  await cli.service.caughtUp();
  const listed = cells(await cli.ok('projections list'));
  expect(listed.map(([name]) => name)).toContain('device-status');
  const { err, code, out } = await cli.run('projections rebuild device-status');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/device-status: \d+ events, no difference\n$/);
  expect(await cli.json('projections rebuild hub-membership --switch')).toMatchObject({
    state: 'done',
    differences: 0,
    report: { switched: true },
  });
  expect(await cli.ok('projections status')).toContain('hub-membership');
  expect(await cli.run('projections rebuild nothing')).toMatchObject({ code: 1 });
  const started = (await cli.ok('projections rebuild enrollments --no-wait')).trim();
  expect(await cli.json(`projections status ${started}`)).toMatchObject({ rebuildId: started });
});

test('a read model that is rebuilt keeps sealed what devices say', async () => {
  const owner = 'f3a1c0de-owner';
  const device = await cli.calls.enroll({ initialTwin: { tags: { owner }, properties: { desired: {} } } }, 'owned');
  expect((await cli.calls.register(device)).status).toBe('assigned');
  await cli.service.caughtUp();
  expect(await cli.json('projections rebuild twin-data --switch')).toMatchObject({ state: 'done', differences: 0 });
  const rows = await readModelTexts('twin_data');
  expect(rows).toContain('$sealed');
  expect(rows).not.toContain(owner);
});

test('a device is erased when it is really meant', async () => {
  const device = await cli.calls.enroll({}, 'forgotten');
  expect((await cli.calls.register(device)).status).toBe('assigned');
  expect(await cli.run('erase forgotten --reason case-17 --yes')).toMatchObject({ code: 3 });
  expect(await cli.run('erase forgotten --status')).toMatchObject({ code: 1 });
  expect(await cli.json('erase forgotten --reason case-17 --delete-enrollment --yes')).toMatchObject({ reason: 'case-17' });
  expect(await cli.ok('erase forgotten --status')).toMatch(/^registrationId +forgotten$/m);
  expect(await cli.ok('verify')).toMatch(/^intact/);
});
