import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issue } from '@test/support/certificates';
import { Ran, rehome } from '@test/support/command-line';
import { DeviceCalls } from '@test/support/device-calls';
import { RunningService, startService } from '@test/support/running-service';

let service: RunningService;
let calls: DeviceCalls;
let files: string;
let hubA: string;
let hubB: string;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  calls = new DeviceCalls(service);
  [hubA, hubB] = service.hubs;
  files = await mkdtemp(join(tmpdir(), 'rehome-cli-'));
});
afterAll(async () => {
  await service.close();
  await rm(files, { recursive: true, force: true });
});

/** Words of one command line; those with spaces are given apart. */
const run = (line: string, ...more: readonly string[]): Promise<Ran> =>
  rehome([...line.split(' '), ...more, '--data-dir', service.dataDir]);

/** What it printed for programs. */
async function json(line: string, ...more: readonly string[]): Promise<unknown> {
  const { code, out, err } = await run(line, ...more, '-o', 'json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as unknown;
}

async function ok(line: string, ...more: readonly string[]): Promise<string> {
  const { code, out, err } = await run(line, ...more);
  expect({ line, code, err: err.replace(/^(deleted|unlinked|wrote|discarded|nothing) .*\n$/, '') }).toEqual({
    line,
    code: 0,
    err: '',
  });
  return out;
}

/** Lines of a table as cells; columns are two spaces apart. */
const cells = (text: string): string[][] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));

describe('enrollments', () => {
  test('are created, shown, changed, listed and deleted under the names that az uses', async () => {
    const policy = '--rp reprovisionandresetdata --ap static --ih';
    const created = await json(`enrollment create --enrollment-id sn-1 --attestation-type symmetricKey ${policy} ${hubA}`);
    expect(created).toMatchObject({
      registrationId: 'sn-1',
      reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false },
      allocationPolicy: 'static',
      iotHubs: [hubA],
    });
    const tags = '{"site": "oslo"}';
    await ok('enrollment update --eid sn-1 --rp reprovisionandmigratedata --initial-twin-tags', tags);
    expect(await json('enrollment show --eid sn-1')).toMatchObject({
      iotHubs: [hubA],
      reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
      initialTwin: { tags: { site: 'oslo' } },
      attestation: { type: 'symmetricKey', symmetricKey: {} },
    });
    const withKeys = (await json('enrollment show --eid sn-1 --show-keys')) as {
      attestation: { symmetricKey: { primaryKey: string } };
    };
    const { primaryKey } = withKeys.attestation.symmetricKey;
    expect(Buffer.from(primaryKey, 'base64').length).toBeGreaterThanOrEqual(16);
    const renewed = (await json('enrollment regenerate-key --eid sn-1 --key primary')) as { value: string };
    expect(renewed.value).not.toBe(primaryKey);
    expect(await run('enrollment delete --eid sn-1 --etag elsewhere')).toMatchObject({ code: 3, out: '' });
    await service.caughtUp();
    const listed = cells(await ok('enrollment list'));
    expect(listed[0]?.slice(0, 3)).toEqual(['ENROLLMENT ID', 'ATTESTATION', 'STATUS']);
    expect(listed[1]?.slice(0, 5)).toEqual(['sn-1', 'symmetricKey', 'enabled', 'static', hubA]);
    await ok('enrollment delete --eid sn-1');
    const gone = await run('enrollment show --eid sn-1');
    expect(gone).toMatchObject({ code: 1, out: '' });
    expect(gone.err).toMatch(/^error: .*404/);
  });

  test('a certificate and a TPM attest', async () => {
    const { pem } = await issue({ name: 'sn-2' });
    const file = join(files, 'sn-2.pem');
    await writeFile(file, pem);
    const byCertificate = await json(`enrollment create --eid sn-2 --at x509 --certificate-path ${file} --rp never`);
    expect(byCertificate).toMatchObject({
      attestation: { x509: { clientCertificates: { primary: { info: { subjectName: 'CN=sn-2' } } } } },
    });
    expect(
      await json('enrollment update --eid sn-2 --provisioning-status disabled --device-information', '{"line": 7}'),
    ).toMatchObject({
      provisioningStatus: 'disabled',
      reprovisionPolicy: { updateHubAssignment: false },
      optionalDeviceInformation: { line: 7 },
      attestation: { x509: { clientCertificates: { primary: { info: { subjectName: 'CN=sn-2' } } } } },
    });
  });

  test('groups, their keys and the keys of their devices', async () => {
    await ok('enrollment-group create --enrollment-id line-1');
    expect(await json('enrollment-group update --eid line-1 --edge-enabled')).toMatchObject({ capabilities: { iotEdge: true } });
    const derived = (await ok('enrollment-group compute-device-key --eid line-1 --registration-id SN-9')).trim();
    const shown = (await json('enrollment-group show --eid line-1 --keys')) as {
      attestation: { symmetricKey: { primaryKey: string } };
    };
    const key = shown.attestation.symmetricKey.primaryKey;
    expect((await ok(`enrollment-group compute-device-key --key ${key} --rid sn-9`)).trim()).toBe(derived);
    expect((await calls.put({ registrationId: 'sn-9', key: derived })).status).toBeLessThan(300);
    await service.caughtUp();
    expect(await ok('enrollment-group list')).toContain('line-1');
    await ok('enrollment-group regenerate-key --eid line-1 --key secondary');
    await ok('enrollment-group delete --eid line-1');
  });
});

test('linked hubs are weighed, cordoned, limited and drained', async () => {
  const named = `--linked-hub ${hubB}`;
  expect(await json(`linked-hub update ${named} --allocation-weight 3 --cordon --capacity 10`)).toMatchObject({
    allocationWeight: 3,
    cordoned: true,
    draining: false,
    capacity: 10,
  });
  expect(await json(`linked-hub update ${named} --no-cordon --drain --capacity none`)).toMatchObject({
    cordoned: false,
    draining: true,
    capacity: null,
  });
  await ok(`linked-hub update ${named} --no-drain --allocation-weight 1`);
  const [head, ...hubs] = cells(await ok('linked-hub list'));
  expect(head?.[0]).toBe('HUB');
  expect(hubs.map(([name]) => name)).toEqual([hubA, hubB]);
  expect(await run('linked-hub update --hn hub-q.localhost --drain')).toMatchObject({ code: 1 });
  const other = 'HostName=hub-q.localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=c2VjcmV0c2VjcmV0c2VjcmV0';
  expect(await json(`linked-hub create --connection-string ${other} --location oslo`)).toMatchObject({
    name: 'hub-q.localhost',
    location: 'oslo',
  });
  expect(await ok('linked-hub show --hn hub-q.localhost')).not.toContain('c2VjcmV0');
  await ok('linked-hub delete --hn hub-q.localhost');
});

test('CA certificates are uploaded and proved', async () => {
  const ca = await issue({ name: 'Factory', authority: true });
  const file = join(files, 'ca.pem');
  await writeFile(file, ca.pem);
  await ok(`certificate create --certificate-name factory --path ${file}`);
  const code = (await ok('certificate generate-verification-code -n factory')).trim();
  const proof = await issue({ name: code, issuer: ca });
  await writeFile(file, proof.pem);
  expect(await json(`certificate verify -n factory --path ${file}`)).toMatchObject({ isVerified: true });
  expect(cells(await ok('certificate list'))[1]?.slice(0, 3)).toEqual(['factory', 'CN=Factory', 'yes']);
  expect(await ok('certificate show -n factory')).toMatch(/^isVerified +yes$/m);
  await ok('enrollment-group create --eid signed --ca-name factory');
  await ok('enrollment-group delete --eid signed');
  await ok('certificate delete -n factory');
});

describe('one device that moved', () => {
  const id = 'mover';
  let before: string;

  beforeAll(async () => {
    const device = await calls.enroll({ iotHubs: [hubA], allocationPolicy: 'static' }, id);
    expect((await calls.register(device)).status).toBe('assigned');
    await new Promise((resolve) => setTimeout(resolve, 20));
    before = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await ok(`enrollment update --eid ${id} --iot-hubs ${hubB}`);
    expect((await calls.register(device)).status).toBe('assigned');
    await service.caughtUp();
  });

  test('where it is and what happened to it', async () => {
    expect(await json(`registration show --rid ${id}`)).toMatchObject({ status: 'assigned', assignedHub: hubB });
    const listed = cells(await ok(`registration list --hub ${hubB} --prefix ${id}`));
    expect(listed[1]?.slice(0, 3)).toEqual([id, 'assigned', hubB]);
    const history = (await json(`history ${id} --order asc --no-twin`)) as { type: string }[];
    expect(history.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['AssignmentStarted', 'TwinMigrated', 'DeviceAssigned']),
    );
    expect(cells(await ok(`history ${id} --of enrollment`))[0]).toEqual([
      'TIME',
      'EVENT',
      'DEVICE',
      'ENROLLMENT',
      'HUBS',
      'BY',
      'POSITION',
    ]);
    const arrivals = (await json(`history ${hubB} --of linked-hub --type DeviceAssigned`)) as { registrationId: string }[];
    expect(arrivals[0]?.registrationId).toBe(id);
    expect(await run('history nobody')).toMatchObject({ code: 1, out: '' });
  });

  test('why it is there, and what would happen', async () => {
    expect(await ok(`why ${id}`)).toContain(hubB);
    expect(await json(`why ${id} --at ${before}`)).toMatchObject({ facts: { hub: hubA } });
    const preview = await ok(`preview ${id}`);
    expect(preview).toMatch(new RegExp(`^assign: keep at ${hubB}\\n`));
    await ok(`enrollment update --eid ${id} --ps disabled`);
    expect(await run(`preview ${id}`)).toMatchObject({ code: 1 });
    await ok(`enrollment update --eid ${id} --ps enabled`);
    expect(await run(`reprovision ${id}`)).toMatchObject({ code: 1 });
  });

  test('the fleet and the device as they were, and the difference', async () => {
    expect(await ok(`at ${before}`)).toMatch(/^\d+ devices at /);
    expect(await json(`at ${before} --registration-id ${id}`)).toMatchObject({ assignedHub: hubA });
    expect(await json(`at --rid ${id} --twin`)).toMatchObject({ registrationId: id });
    const then = (await json(`at ${before} --devices --hub ${hubA}`)) as { registrationId: string }[];
    expect(then.map(({ registrationId }) => registrationId)).toContain(id);
    expect(await json(`diff ${before}`)).toMatchObject({
      totals: { moved: 1 },
      items: [{ registrationId: id, change: 'moved' }],
    });
    expect(await ok(`diff ${before}`)).toMatch(/moved: 1/);
  });

  test('its registration is deleted, its history is not', async () => {
    await ok(`registration delete --rid ${id}`);
    expect(await run(`registration delete --rid ${id}`)).toMatchObject({ code: 1 });
    expect(await ok(`history ${id}`)).toContain('DeviceAssigned');
  });
});

describe('the log', () => {
  test('is listed, shown event by event, and verified', async () => {
    const [latest] = (await json('audit list --top 1')) as { position: string }[];
    expect(await json(`audit event ${latest?.position ?? ''}`)).toMatchObject({
      position: latest?.position,
      hash: expect.any(String) as string,
    });
    expect(await ok('audit public-key')).toContain('BEGIN PUBLIC KEY');
    await ok('audit roots');
    expect(await ok('verify')).toMatch(/^intact: the log provisioning, \d+ events/);
    expect(await json('verify --log hubs')).toMatchObject({ intact: true, log: 'hubs' });
  });

  test('is exported whole and in parts', async () => {
    const file = join(files, 'log.csv');
    await ok(`export --format csv --file ${file}`);
    const rows = (await readFile(file, 'utf8')).trimEnd().split('\n').length - 1;
    const lines = (await ok('export')).trimEnd().split('\n');
    expect(lines.length).toBe(rows);
    const some = (await ok('export --registration-id mover')).trimEnd().split('\n');
    expect(some.every((line) => (JSON.parse(line) as { registrationId: string }).registrationId === 'mover')).toBe(true);
    expect(await run(`export --file ${files}/no/such/place`)).toMatchObject({ code: 3 });
  });

  test('is replayed to a file and to a sink, in order and again where the sink fails', async () => {
    const file = join(files, 'replay.ndjson');
    await ok(`replay --device mover --to-file ${file}`);
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
    expect(await json(`replay --device mover --to-url http://127.0.0.1:${port}/events`)).toMatchObject({ events: wanted.length });
    sink.close();
    expect(taken).toEqual(wanted);
    expect(refusals).toBeLessThan(1);
  });
});

test('a read model is rebuilt, compared and switched', async () => {
  await service.caughtUp();
  const listed = cells(await ok('projections list'));
  expect(listed.map(([name]) => name)).toContain('device-status');
  const { err, code, out } = await run('projections rebuild device-status');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/device-status: \d+ events, no difference\n$/);
  expect(await json('projections rebuild hub-membership --switch')).toMatchObject({
    state: 'done',
    differences: 0,
    report: { switched: true },
  });
  expect(await ok('projections status')).toContain('hub-membership');
  expect(await run('projections rebuild nothing')).toMatchObject({ code: 1 });
  const started = (await ok('projections rebuild enrollments --no-wait')).trim();
  expect(await json(`projections status ${started}`)).toMatchObject({ rebuildId: started });
});

test('webhooks', async () => {
  const secret = 'a-secret-of-sixteen-characters';
  await ok(
    `webhook create --name sink --to http://127.0.0.1:9/events?code=abc --secret ${secret} --type DeviceAssigned --from end`,
  );
  const shown = await ok('webhook show --name sink');
  expect(shown).toMatch(/^filters\.types +DeviceAssigned$/m);
  expect(shown).not.toMatch(/abc|sixteen/);
  expect(cells(await ok('webhook list'))[1]?.[0]).toBe('sink');
  expect(await json('webhook dead-letters --name sink')).toEqual([]);
  expect(await ok('webhook retry --name sink')).toBe('0 dead letters are delivered again\n');
  expect(await run('webhook discard --name sink --id 0198c5a2-7c00-7000-8000-000000000000')).toMatchObject({ code: 1 });
  await ok('webhook delete --name sink');
});

test('simulated devices register, live, and are moved by a campaign that asks them', async () => {
  await ok(`enrollment-group create --eid fleet --iot-hubs ${hubA} --ap static --rp reprovisionandmigratedata`);
  const simulation = run(
    'simulate --devices 4 --enrollment-id fleet --prefix sim --duration 7 --interval 60 --report-interval 1 -o json',
  );
  const plan = `--group-id fleet --to-hub ${hubB}`;
  await untilAssigned(4);
  expect(await ok(`move preview ${plan}`)).toMatch(/^4 devices in 1 waves/);
  expect(await json(`move create --move-id to-b ${plan} --wave-size 2 --failures-max any`)).toMatchObject({ status: 'draft' });
  await ok('move start --move-id to-b');
  await service.caughtUp();
  expect(await json('move watch --move-id to-b')).toMatchObject({ status: 'ended', progress: { moved: 4, failed: 0 } });
  expect(cells(await ok('move list'))[1]?.[0]).toBe('to-b');
  expect(await json('move devices --move-id to-b --outcome moved')).toHaveLength(4);
  expect(await ok('move show --move-id to-b')).toMatch(/^progress\.moved +4$/m);
  expect(await run('move pause --move-id to-b')).toMatchObject({ code: 3 });
  const { code, out } = await simulation;
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    devices: 4,
    registrations: 8,
    moved: 4,
    failures: 0,
    hubs: [{ hub: hubB, devices: 4 }],
  });
});

test('simulated devices over HTTP come back by themselves, in a group that is made for them', async () => {
  const out = await ok('simulate --devices 3 --create-group --transport http --duration 3 --interval 1 --report-interval 1');
  const lines = new Map(cells(out).map(([what = '', value = '']) => [what, value]));
  expect(Number(lines.get('reports'))).toBeGreaterThanOrEqual(5);
  expect(Number.parseInt(lines.get('registrations') ?? '', 10)).toBeGreaterThanOrEqual(5);
  expect(lines.get('failures')).toBe('0');
  expect(await run('simulate --enrollment-id nobody --duration 1')).toMatchObject({ code: 1 });
});

test('who has no right is refused, and a connection string does in the place of a token', async () => {
  const url = `https://${service.host}:${service.facts.port}`;
  const known = ['--url', url, '--ca-file', service.facts.caFile];
  const refused = await rehome(['linked-hub', 'list', ...known, '--token', 'nobody']);
  expect(refused).toMatchObject({ code: 3, out: '' });
  expect(refused.err).toContain('The request carries no credential that grants this.');
  expect((await rehome(['linked-hub', 'list', ...known, '--login', service.facts.serviceConnectionString])).code).toBe(0);
  const distrusted = await rehome(['linked-hub', 'list', '--url', url, '--token', service.facts.apiToken]);
  expect(distrusted).toMatchObject({ code: 3 });
  expect(distrusted.err).toContain('--ca-file');
});

/** Waits until so many devices of the group are there. */
async function untilAssigned(count: number): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const devices = (await json('registration list --enrollment-id fleet --status assigned')) as unknown[];
    if (devices.length === count) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not ${count} devices of the fleet have come`);
}
