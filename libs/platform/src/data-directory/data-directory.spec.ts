import { execFileSync, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataDirectoryError } from './data-directory-error';
import { openDataDirectory } from './data-directory';

let parent: string;
beforeEach(async () => (parent = await mkdtemp(join(tmpdir(), 'rehome-data-'))));
afterEach(() => rm(parent, { recursive: true }));

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('the data directory', () => {
  it('is made for its owner alone', async () => {
    const data = await openDataDirectory(join(parent, 'a', 'b'));
    expect(await modeOf(data.path)).toBe(0o700);
    expect(await modeOf(join(data.path, 'credentials.json'))).toBe(0o600);
    await data.release();
  });

  it('is closed to others when it was there before', async () => {
    await mkdir(join(parent, 'mounted'));
    await chmod(join(parent, 'mounted'), 0o755);
    const data = await openDataDirectory(join(parent, 'mounted'));
    expect(await modeOf(data.path)).toBe(0o700);
    await data.release();
  });

  it('refuses a file in its place in one line', async () => {
    await writeFile(join(parent, 'file'), '');
    const refusal = await openDataDirectory(join(parent, 'file')).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(DataDirectoryError);
    expect(String(refusal)).toMatch(/cannot be used: a file stands in its place$/);
  });
});

describe('its credentials', () => {
  it('are generated once and stay', async () => {
    const first = await openDataDirectory(parent, { hubs: ['hub-a.localhost'] });
    await first.release();
    const second = await openDataDirectory(parent, { hubs: ['hub-a.localhost', 'hub-b.localhost'] });
    await second.release();
    const { hubOwnerKey: _, ...values } = first.credentials;
    expect(second.credentials).toMatchObject(values);
    expect(values.idScope).toMatch(/^0ne[0-9A-F]{8}$/);
    expect(values.secretKey).toHaveLength(32);
    expect(second.credentials.hubOwnerKey('hub-a.localhost')).toBe(first.credentials.hubOwnerKey('hub-a.localhost'));
    const keys = [
      values.serviceKey,
      values.apiToken,
      ...['hub-a.localhost', 'hub-b.localhost'].map(second.credentials.hubOwnerKey),
    ];
    expect(new Set(keys).size).toBe(4);
  });

  it('agree in processes that share nothing but the secret key', async () => {
    const given = { secretKey: randomBytes(32) };
    const one = await openDataDirectory(join(parent, 'one'), { given, hubs: ['hub-a.localhost'] });
    const other = await openDataDirectory(join(parent, 'other'), { given });
    await Promise.all([one.release(), other.release()]);
    const { hubOwnerKey: _, ...values } = one.credentials;
    expect(other.credentials).toMatchObject(values);
    expect(other.credentials.hubOwnerKey('hub-a.localhost')).toBe(one.credentials.hubOwnerKey('hub-a.localhost'));
  });

  it('given by the operator win, and a given secret key is not written down', async () => {
    const given = { secretKey: randomBytes(32), idScope: '0ne00001234', serviceKey: 'service', apiToken: 'api' };
    const data = await openDataDirectory(parent, { given });
    await data.release();
    expect(data.credentials).toMatchObject(given);
    expect(await readFile(join(parent, 'credentials.json'), 'utf8')).not.toContain(given.secretKey.toString('base64'));
  });

  it('refuse another secret key than the one the data was written with', async () => {
    const data = await openDataDirectory(parent, { given: { secretKey: randomBytes(32) } });
    await data.release();
    await expect(openDataDirectory(parent, { given: { secretKey: randomBytes(32) } })).rejects.toThrow(/is not the key/);
    await expect(openDataDirectory(parent)).rejects.toThrow(/^REHOME_SECRET_KEY must be set/);
  });

  it('that are damaged are refused without showing them', async () => {
    const text = '{"secretKey":"hunter2';
    await writeFile(join(parent, 'credentials.json'), text);
    const refusal = await openDataDirectory(parent).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(DataDirectoryError);
    expect(String(refusal)).toContain('is damaged');
    expect(String(refusal)).not.toContain('hunter2');
    expect(await readFile(join(parent, 'credentials.json'), 'utf8')).toBe(text);
  });
});

describe('client.env', () => {
  it('brings every value through a shell unchanged', async () => {
    const data = await openDataDirectory(parent);
    const awkward = 'it\'s $HOME `id` \\ "x" ;&|<> é\n!';
    const file = await data.writeClientEnv({
      endpoint: 'localhost',
      idScope: data.credentials.idScope,
      serviceConnectionString: 'HostName=localhost;SharedAccessKeyName=provisioningserviceowner;SharedAccessKey=a+/=',
      hubConnectionStrings: ['HostName=a;SharedAccessKey=1', awkward, 'a third has no name'],
      caFile: join(parent, 'tls', 'ca.pem'),
      httpsPort: 8443,
      mqttPort: 8883,
      amqpPort: 5671,
      apiToken: data.credentials.apiToken,
    });
    await data.release();
    expect(await modeOf(file)).toBe(0o600);
    const printed = execFileSync('/bin/sh', ['-c', '. "$0"; env -0', file], { encoding: 'utf8' });
    const entries = printed.split('\0').map((entry) => [entry.split('=', 1)[0], entry.slice(entry.indexOf('=') + 1)] as const);
    const seen: unknown = Object.fromEntries(entries);
    expect(seen).toMatchObject({
      IOT_PROVISIONING_DEVICE_ENDPOINT: 'localhost',
      IOT_PROVISIONING_DEVICE_IDSCOPE: data.credentials.idScope,
      IOT_PROVISIONING_SERVICE_CONNECTION_STRING:
        'HostName=localhost;SharedAccessKeyName=provisioningserviceowner;SharedAccessKey=a+/=',
      IOTHUB_CONNECTION_STRING: 'HostName=a;SharedAccessKey=1',
      IOTHUB_B_CONNECTION_STRING: awkward,
      NODE_EXTRA_CA_CERTS: join(parent, 'tls', 'ca.pem'),
      REHOME_HTTPS_PORT: '8443',
      REHOME_MQTT_PORT: '8883',
      REHOME_AMQP_PORT: '5671',
      REHOME_API_TOKEN: data.credentials.apiToken,
    });
  });
});

describe('its lock', () => {
  const inUse = /is in use by process \d+ on .+; stop it first/;

  it('refuses a second instance, names the first, and opens after its release', async () => {
    const first = await openDataDirectory(parent);
    await expect(openDataDirectory(parent)).rejects.toThrow(`is in use by process ${process.pid} on`);
    await first.release();
    const second = await openDataDirectory(parent);
    await expect(openDataDirectory(parent)).rejects.toThrow(inUse);
    await second.release();
  });

  it('lets exactly one of many that start together in', async () => {
    for (let round = 0; round < 5; round++) {
      const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => openDataDirectory(parent)));
      const opened = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
      expect(opened).toHaveLength(1);
      await opened[0]?.release();
    }
  });

  it('works when the path is too long for a socket', async () => {
    const long = join(parent, 'x'.repeat(120));
    const first = await openDataDirectory(long);
    await expect(openDataDirectory(long)).rejects.toThrow(inUse);
    await first.release();
    await (await openDataDirectory(long)).release();
  });

  it('of a killed process does not block, and lets exactly one of many in', async () => {
    for (let round = 0; round < 3; round++) {
      await killHolder(parent);
      const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => openDataDirectory(parent)));
      const opened = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
      expect(opened).toHaveLength(1);
      await opened[0]?.release();
    }
  });

  it('of a stopped process still holds', async () => {
    const holder = await startHolder(parent);
    process.kill(holder.pid, 'SIGSTOP');
    await expect(openDataDirectory(parent)).rejects.toThrow('is in use by another process');
    await holder.kill();
    await (await openDataDirectory(parent)).release();
  });
});

/** A process of its own that does what a holder does to the kernel: it listens under the lock's name. */
async function startHolder(directory: string): Promise<{ pid: number; kill(): Promise<void> }> {
  const program = join(directory, 'holder.cjs');
  await writeFile(
    program,
    `require('node:net').createServer((s) => s.end('process ' + process.pid)).listen(process.argv[2], () => process.send('up'));`,
  );
  const child = fork(program, [join(directory, 'lock')]);
  await new Promise((resolve) => child.once('message', resolve));
  return {
    pid: child.pid ?? 0,
    kill: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function killHolder(directory: string): Promise<void> {
  await (await startHolder(directory)).kill();
  expect((await stat(join(directory, 'lock'))).isSocket()).toBe(true);
}
