import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processesNaming, startServiceProgram } from '@test/support/programs';
import { DeviceCalls } from '@test/support/device-calls';
import { startService } from '@test/support/running-service';

let directory: string;
let dataDir: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rehome-configuration-'));
  dataDir = join(directory, 'data');
});
afterEach(() => rm(directory, { recursive: true }));

/** What the service says when it cannot start: one line each on standard error, and nothing of a stack anywhere. */
async function refusal(
  env: Readonly<Record<string, string>>,
  data = dataDir,
): Promise<{ code: number | string; lines: string[] }> {
  const program = startServiceProgram(data, { env });
  const code = await program.ended;
  expect(program.stdout() + program.stderr()).not.toMatch(/^\s+at /m);
  expect(processesNaming(directory)).toEqual([]);
  return { code, lines: program.stderr().split('\n').slice(0, -1) };
}

describe('a bad value in the environment', () => {
  test.each([
    [{ REHOME_HTTPS_PORT: 'https' }, 'REHOME_HTTPS_PORT must be a whole number from 0 to 65535 (it is "https")'],
    [
      { REHOME_HUBS: 'hub-a.localhost,hub-a.localhost' },
      'REHOME_HUBS must name no hub twice (it is "hub-a.localhost,hub-a.localhost")',
    ],
    [
      { REHOME_HOSTNAMES: 'not a name' },
      'REHOME_HOSTNAMES must be a list, each item of which must be a host name or an IP address (it is "not a name")',
    ],
    [{ REHOME_LOG_LEVL: 'info' }, 'REHOME_LOG_LEVL is not a variable of this program; did you mean REHOME_LOG_LEVEL?'],
    [{ REHOME_TLS_CERT_FILE: '/cert.pem' }, 'REHOME_TLS_CERT_FILE and REHOME_TLS_KEY_FILE must be set together'],
    [
      { REHOME_FAILPOINTS: 'move:fenced', NODE_ENV: 'production' },
      'REHOME_FAILPOINTS must not be set outside tests: it makes the process kill itself',
    ],
  ])('%j ends with 2 and one clear line', async (env, line) => {
    expect(await refusal(env)).toEqual({ code: 2, lines: [line] });
  });

  test('is told with all others at once, and a secret is not shown', async () => {
    const secret = 'c2hvcnQgYW5kIHNlY3JldA==';
    const { code, lines } = await refusal({
      REHOME_SECRET_KEY: secret,
      DATABASE_URL: `mysql://me:${secret}@db`,
      REHOME_LOG_LEVEL: 'loud',
    });
    expect([code, lines.map((line) => line.split(' ')[0])]).toEqual([
      2,
      ['REHOME_SECRET_KEY', 'DATABASE_URL', 'REHOME_LOG_LEVEL'],
    ]);
    expect(lines.join()).not.toContain(secret);
  });

  test('that only the file system knows to be bad is a line as well', async () => {
    const missing = join(directory, 'missing.pem');
    const { code, lines } = await refusal({ REHOME_TLS_CERT_FILE: missing, REHOME_TLS_KEY_FILE: missing });
    expect({ code, lines }).toEqual({
      code: 2,
      lines: [`REHOME_TLS_CERT_FILE must name a file that can be read (${missing}: ENOENT)`],
    });
  });
});

describe('a start that the machine refuses', () => {
  test('because a file stands in the place of the data directory ends with 1 and one clear line', async () => {
    await writeFile(dataDir, '');
    const { code, lines } = await refusal({});
    expect({ code, lines }).toEqual({
      code: 1,
      lines: [expect.stringMatching(/^the data directory .* cannot be used: a file stands in its place$/)],
    });
  });

  test('because another program has the port ends with 1 and one clear line, and stops what was started', async () => {
    const other = createServer();
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    const { port } = other.address() as AddressInfo;
    const { code, lines } = await refusal({ REHOME_HTTPS_PORT: String(port) });
    other.close();
    expect({ code, lines }).toEqual({
      code: 1,
      lines: [expect.stringMatching(`^cannot listen on 127.0.0.1 port ${port}: another program listens there`)],
    });
  });
});

describe('REHOME_HUBS=none', () => {
  test('starts without reference hubs; devices are told that there is nowhere to go', async () => {
    const service = await startService({ REHOME_HUBS: 'none' });
    expect(service.facts.hubConnectionStrings).toEqual([]);
    expect((await service.manage('GET', '/linked-hubs')).json()).toMatchObject({ items: [] });
    const calls = new DeviceCalls(service);
    const device = await calls.enroll();
    expect(await calls.register(device)).toMatchObject({ status: 'failed' });
    await service.close();
    expect(await service.process.ended).toBe(0);
  });
});
