import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceCalls, Enrolled } from '@test/support/device-calls';
import { databasePid, isAlive, processesNaming, startProgram, startServiceProgram } from '@test/support/programs';
import { RunningService, startService } from '@test/support/running-service';
import { until } from '@test/support/until';
import { heldRegister } from './held-register';

/** How long the database of a killed service may outlive it. */
const ORPHAN_TIMEOUT_MS = 10_000;
const GREETING_TIMEOUT_MS = 5_000;

const names = [
  'IOT_PROVISIONING_DEVICE_ENDPOINT',
  'IOT_PROVISIONING_DEVICE_IDSCOPE',
  'IOT_PROVISIONING_SERVICE_CONNECTION_STRING',
  'IOTHUB_CONNECTION_STRING',
  'IOTHUB_B_CONNECTION_STRING',
  'NODE_EXTRA_CA_CERTS',
  'REHOME_HTTPS_PORT',
  'REHOME_MQTT_PORT',
  'REHOME_AMQP_PORT',
  'REHOME_API_TOKEN',
];

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
const variablesIn = (text: string): string[] => [...text.matchAll(/^export (\w+)='[^']+'$/gm)].map(([, name = '']) => name);

async function linkedHubs(service: RunningService): Promise<unknown> {
  return (await service.manage('GET', '/linked-hubs')).json();
}

describe('a service on a data directory', () => {
  let service: RunningService;
  let device: Enrolled;
  let assigned: unknown;

  beforeAll(async () => {
    service = await startService();
    const calls = new DeviceCalls(service);
    device = await calls.enroll({}, 'first-device');
    await calls.register(device);
    assigned = (await calls.lookUp(device)).json();
  });
  afterAll(() => service.close());

  test('makes what a client needs at its first start, for its owner alone', async () => {
    const { dataDir, facts } = service;
    expect(await modeOf(dataDir)).toBe('700');
    const clientEnv = join(dataDir, 'client.env');
    expect(await modeOf(clientEnv)).toBe('600');
    expect(variablesIn(await readFile(clientEnv, 'utf8'))).toEqual(names);
    expect(await modeOf(join(dataDir, 'credentials.json'))).toBe('600');
    const authority = new X509Certificate(await readFile(facts.caFile));
    expect(authority.ca).toBe(true);
    expect(authority.verify(authority.publicKey)).toBe(true);
    const tls = join(dataDir, 'tls');
    const keys = (await readdir(tls)).filter((name) => name.includes('key'));
    expect(await Promise.all(keys.map((name) => modeOf(join(tls, name))))).toEqual(['600', '600']);
  });

  test('links two reference hubs with weight 1', async () => {
    const hub = { allocationWeight: 1, applyAllocationPolicy: true };
    expect(service.hubs).toEqual(['hub-a.localhost', 'hub-b.localhost']);
    expect(await linkedHubs(service)).toMatchObject({ items: service.hubs.map((name) => ({ name, ...hub })) });
  });

  test('says where it is and what to do next', async () => {
    const { process, facts, dataDir } = service;
    await until('greeted', () => process.output().includes('Ctrl-C'), GREETING_TIMEOUT_MS);
    const base = `https://${facts.endpoint}:${facts.port}`;
    const told = [
      base,
      `${base}/api/v1`,
      `${base}/livez`,
      facts.idScope,
      ...service.hubs,
      facts.caFile,
      join(dataDir, 'client.env'),
    ];
    for (const each of told) expect(process.output()).toContain(each);
    const secrets = [facts.apiToken, ...facts.hubConnectionStrings, facts.serviceConnectionString];
    for (const each of secrets) expect(process.output()).not.toContain(each.split('SharedAccessKey=').at(-1));
  });

  test('registers a device as its greeting says: source the credentials, run one command', async () => {
    const command = 'source "$1" && npm run --silent register -- copied-and-pasted';
    const register = startProgram('bash', ['-c', command, 'bash', join(service.dataDir, 'client.env')]);
    expect([await register.ended, register.stderr()]).toEqual([0, '']);
    expect(register.stdout()).toContain('created the enrollment copied-and-pasted');
    expect(register.stdout()).toContain('"status": "assigned"');
  });

  test('refuses a second instance with one line that names the first, which goes on serving', async () => {
    const second = startServiceProgram(service.dataDir);
    expect(await second.ended).toBe(1);
    expect(
      second
        .stdout()
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('{')),
    ).toEqual([]);
    expect(second.stderr()).toMatch(new RegExp(`^the data directory .* is in use by process ${service.process.pid} on .*\n$`));
    expect((await new DeviceCalls(service).lookUp(device)).json()).toEqual(assigned);
  });

  test('ends when its database dies, and starts again on the same data', async () => {
    process.kill(await databasePid(service.dataDir), 'SIGKILL');
    expect(await service.process.ended).toBe(1);
    expect(service.process.output()).toContain('the embedded database has ended');
    service = await service.restart();
    expect((await new DeviceCalls(service).lookUp(device)).json()).toEqual(assigned);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'on %s answers what is under way, leaves no process, and continues at the next start',
    async (signal) => {
      const server = await databasePid(service.dataDir);
      const held = await heldRegister(service, device);
      service.process.kill(signal);
      await until('the drain has begun', () => service.process.output().includes('"stopping"'), ORPHAN_TIMEOUT_MS);

      const answer = await held.finish();

      expect(answer).toMatch(/^HTTP\/1\.1 202 /);
      expect(await service.process.ended).toBe(0);
      expect(isAlive(server)).toBe(false);
      expect(processesNaming(service.dataDir)).toEqual([]);
      const { facts } = service;
      service = await service.restart();
      const { port: _https, mqttPort: _mqtt, amqpPort: _amqp, ...kept } = facts;
      expect(service.facts).toMatchObject(kept);
      expect(await linkedHubs(service)).toMatchObject({ items: [{}, {}] });
      const { operationId } = JSON.parse(answer.slice(answer.indexOf('{'))) as { operationId: string };
      const calls = new DeviceCalls(service);
      const poll = async (): Promise<unknown> => ((await calls.poll(device, operationId)).json() as { status: string }).status;
      await until('the operation has ended', async () => (await poll()) !== 'assigning', ORPHAN_TIMEOUT_MS);
      expect(await poll()).toBe('assigned');
    },
  );

  test('killed, leaves no database behind', async () => {
    const server = await databasePid(service.dataDir);
    service.process.kill('SIGKILL');
    expect(await service.process.ended).toBe('SIGKILL');
    await until('the database is gone', () => !isAlive(server), ORPHAN_TIMEOUT_MS);
    expect(processesNaming(service.dataDir)).toEqual([]);
    service = await service.restart();
  });

  test('killed, starts again at once on the same data, and nothing is missing', async () => {
    const server = await databasePid(service.dataDir);
    const calls = new DeviceCalls(service);
    const late = await calls.enroll({}, 'late-device');
    const { status } = await calls.register(late);
    service.process.kill('SIGKILL');
    await service.process.ended;
    service = await service.restart();
    expect(isAlive(server)).toBe(false);
    expect((await new DeviceCalls(service).lookUp(late)).json()).toMatchObject({ status });
  });
});

describe('a first start that is killed', () => {
  test.each([
    ['while it makes the database', 'postgres/cluster.unfinished'],
    ['when the database is made', 'postgres/cluster'],
    ['when the database runs', 'postgres/cluster/postmaster.pid'],
  ])('%s is made up for by the next', async (_when, sign) => {
    const directory = await mkdtemp(join(tmpdir(), 'rehome-first-start-'));
    const dataDir = join(directory, 'data');
    const killed = startServiceProgram(dataDir);
    const exists = (path: string): Promise<boolean> =>
      stat(path).then(
        () => true,
        () => false,
      );
    await until(`${sign} is there`, () => exists(join(dataDir, sign)), 60_000);
    killed.child.kill('SIGKILL');
    expect(await killed.ended).toBe('SIGKILL');

    const next = startServiceProgram(dataDir);
    await until('the service runs', () => next.stdout().includes('Rehome is running'), 60_000);
    next.child.kill('SIGTERM');

    expect([await next.ended, next.stderr()]).toEqual([0, '']);
    expect(processesNaming(dataDir)).toEqual([]);
    await rm(directory, { recursive: true });
  });
});
