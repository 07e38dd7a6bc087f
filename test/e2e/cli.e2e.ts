import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issue } from '@test/support/certificates';
import { CommandLine, cells, rehome } from '@test/support/command-line';
import { DeviceCalls } from '@test/support/device-calls';
import { RunningService, startService } from '@test/support/running-service';

let service: RunningService;
let calls: DeviceCalls;
let files: string;
let hubA: string;
let hubB: string;
let program: CommandLine;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  calls = new DeviceCalls(service);
  [hubA, hubB] = service.hubs;
  program = new CommandLine(service.dataDir);
  files = await mkdtemp(join(tmpdir(), 'rehome-cli-'));
});
afterAll(async () => {
  await service.close();
  await rm(files, { recursive: true, force: true });
});

const run: CommandLine['run'] = (line, ...more) => program.run(line, ...more);
const ok: CommandLine['ok'] = (line, ...more) => program.ok(line, ...more);
const json: CommandLine['json'] = (line, ...more) => program.json(line, ...more);

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
