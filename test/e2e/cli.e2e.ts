import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { issue } from '@test/support/certificates';
import { cells, rehome } from '@test/support/command-line';
import { ServedCommandLine } from '@test/support/served-command-line';

let cli: ServedCommandLine;
beforeAll(async () => {
  cli = await ServedCommandLine.start();
});
afterAll(() => cli.close());

describe('enrollments', () => {
  test('are created, shown, changed, listed and deleted under the names that az uses', async () => {
    const policy = '--rp reprovisionandresetdata --ap static --ih';
    const created = await cli.json(
      `enrollment create --enrollment-id sn-1 --attestation-type symmetricKey ${policy} ${cli.hubA}`,
    );
    expect(created).toMatchObject({
      registrationId: 'sn-1',
      reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false },
      allocationPolicy: 'static',
      iotHubs: [cli.hubA],
    });
    const tags = '{"site": "oslo"}';
    await cli.ok('enrollment update --eid sn-1 --rp reprovisionandmigratedata --initial-twin-tags', tags);
    expect(await cli.json('enrollment show --eid sn-1')).toMatchObject({
      iotHubs: [cli.hubA],
      reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
      initialTwin: { tags: { site: 'oslo' } },
      attestation: { type: 'symmetricKey', symmetricKey: {} },
    });
    const withKeys = (await cli.json('enrollment show --eid sn-1 --show-keys')) as {
      attestation: { symmetricKey: { primaryKey: string } };
    };
    const { primaryKey } = withKeys.attestation.symmetricKey;
    expect(Buffer.from(primaryKey, 'base64').length).toBeGreaterThanOrEqual(16);
    const renewed = (await cli.json('enrollment regenerate-key --eid sn-1 --key primary')) as { value: string };
    expect(renewed.value).not.toBe(primaryKey);
    expect(await cli.run('enrollment delete --eid sn-1 --etag elsewhere')).toMatchObject({ code: 3, out: '' });
    await cli.service.caughtUp();
    const listed = cells(await cli.ok('enrollment list'));
    expect(listed[0]?.slice(0, 3)).toEqual(['ENROLLMENT ID', 'ATTESTATION', 'STATUS']);
    expect(listed[1]?.slice(0, 5)).toEqual(['sn-1', 'symmetricKey', 'enabled', 'static', cli.hubA]);
    await cli.ok('enrollment delete --eid sn-1');
    const gone = await cli.run('enrollment show --eid sn-1');
    expect(gone).toMatchObject({ code: 1, out: '' });
    expect(gone.err).toMatch(/^error: .*404/);
  });

  test('a certificate and a TPM attest', async () => {
    const { pem } = await issue({ name: 'sn-2' });
    const file = join(cli.files, 'sn-2.pem');
    await writeFile(file, pem);
    const byCertificate = await cli.json(`enrollment create --eid sn-2 --at x509 --certificate-path ${file} --rp never`);
    expect(byCertificate).toMatchObject({
      attestation: { x509: { clientCertificates: { primary: { info: { subjectName: 'CN=sn-2' } } } } },
    });
    expect(
      await cli.json('enrollment update --eid sn-2 --provisioning-status disabled --device-information', '{"line": 7}'),
    ).toMatchObject({
      provisioningStatus: 'disabled',
      reprovisionPolicy: { updateHubAssignment: false },
      optionalDeviceInformation: { line: 7 },
      attestation: { x509: { clientCertificates: { primary: { info: { subjectName: 'CN=sn-2' } } } } },
    });
  });

  test('groups, their keys and the keys of their devices', async () => {
    await cli.ok('enrollment-group create --enrollment-id line-1');
    expect(await cli.json('enrollment-group update --eid line-1 --edge-enabled')).toMatchObject({
      capabilities: { iotEdge: true },
    });
    const derived = (await cli.ok('enrollment-group compute-device-key --eid line-1 --registration-id SN-9')).trim();
    const shown = (await cli.json('enrollment-group show --eid line-1 --keys')) as {
      attestation: { symmetricKey: { primaryKey: string } };
    };
    const key = shown.attestation.symmetricKey.primaryKey;
    expect((await cli.ok(`enrollment-group compute-device-key --key ${key} --rid SN-9`)).trim()).toBe(derived);
    expect((await cli.calls.put({ registrationId: 'SN-9', key: derived })).status).toBeLessThan(300);
    await cli.service.caughtUp();
    expect(await cli.ok('enrollment-group list')).toContain('line-1');
    await cli.ok('enrollment-group regenerate-key --eid line-1 --key secondary');
    await cli.ok('enrollment-group delete --eid line-1');
  });
});

test('linked hubs are weighed, cordoned, limited and drained', async () => {
  const named = `--linked-hub ${cli.hubB}`;
  expect(await cli.json(`linked-hub update ${named} --allocation-weight 3 --cordon --capacity 10`)).toMatchObject({
    allocationWeight: 3,
    cordoned: true,
    draining: false,
    capacity: 10,
  });
  expect(await cli.json(`linked-hub update ${named} --no-cordon --drain --capacity none`)).toMatchObject({
    cordoned: false,
    draining: true,
    capacity: null,
  });
  await cli.ok(`linked-hub update ${named} --no-drain --allocation-weight 1`);
  const [head, ...hubs] = cells(await cli.ok('linked-hub list'));
  expect(head?.[0]).toBe('HUB');
  expect(hubs.map(([name]) => name)).toEqual([cli.hubA, cli.hubB]);
  expect(await cli.run('linked-hub update --hn hub-q.localhost --drain')).toMatchObject({ code: 1 });
  const other = 'HostName=hub-q.localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=c2VjcmV0c2VjcmV0c2VjcmV0';
  expect(await cli.json(`linked-hub create --connection-string ${other} --location oslo`)).toMatchObject({
    name: 'hub-q.localhost',
    location: 'oslo',
  });
  expect(await cli.ok('linked-hub show --hn hub-q.localhost')).not.toContain('c2VjcmV0');
  await cli.ok('linked-hub delete --hn hub-q.localhost');
});

test('CA certificates are uploaded and proved', async () => {
  const ca = await issue({ name: 'Factory', authority: true });
  const file = join(cli.files, 'ca.pem');
  await writeFile(file, ca.pem);
  await cli.ok(`certificate create --certificate-name factory --path ${file}`);
  const code = (await cli.ok('certificate generate-verification-code -n factory')).trim();
  const proof = await issue({ name: code, issuer: ca });
  await writeFile(file, proof.pem);
  expect(await cli.json(`certificate verify -n factory --path ${file}`)).toMatchObject({ isVerified: true });
  expect(cells(await cli.ok('certificate list'))[1]?.slice(0, 3)).toEqual(['factory', 'CN=Factory', 'yes']);
  expect(await cli.ok('certificate show -n factory')).toMatch(/^isVerified +yes$/m);
  await cli.ok('enrollment-group create --eid signed --ca-name factory');
  await cli.ok('enrollment-group delete --eid signed');
  await cli.ok('certificate delete -n factory');
});

test('webhooks', async () => {
  const secret = 'a-secret-of-sixteen-characters';
  await cli.ok(
    `webhook create --name sink --to http://127.0.0.1:9/events?code=abc --secret ${secret} --type DeviceAssigned --from end`,
  );
  const shown = await cli.ok('webhook show --name sink');
  expect(shown).toMatch(/^filters\.types +DeviceAssigned$/m);
  expect(shown).not.toMatch(/abc|sixteen/);
  expect(cells(await cli.ok('webhook list'))[1]?.[0]).toBe('sink');
  expect(await cli.json('webhook dead-letters --name sink')).toEqual([]);
  expect(await cli.ok('webhook retry --name sink')).toBe('0 dead letters are delivered again\n');
  expect(await cli.run('webhook discard --name sink --id 0198c5a2-7c00-7000-8000-000000000000')).toMatchObject({ code: 1 });
  await cli.ok('webhook delete --name sink');
});

test('who has no right is refused, and a connection string does in the place of a token', async () => {
  const url = `https://${cli.service.host}:${cli.service.facts.port}`;
  const known = ['--url', url, '--ca-file', cli.service.facts.caFile];
  const refused = await rehome(['linked-hub', 'list', ...known, '--token', 'nobody']);
  expect(refused).toMatchObject({ code: 3, out: '' });
  expect(refused.err).toContain('The request carries no credential that grants this.');
  expect((await rehome(['linked-hub', 'list', ...known, '--login', cli.service.facts.serviceConnectionString])).code).toBe(0);
  const distrusted = await rehome(['linked-hub', 'list', '--url', url, '--token', cli.service.facts.apiToken]);
  expect(distrusted).toMatchObject({ code: 3 });
  expect(distrusted.err).toContain('--ca-file');
});
