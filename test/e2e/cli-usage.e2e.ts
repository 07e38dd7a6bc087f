import { Ran, rehome } from '@test/support/command-line';

/** As `--help` documents them. */
const exitCode = { ok: 0, usage: 2, refused: 3 };
const run: (line: string, env?: Readonly<Record<string, string>>) => Promise<Ran> = rehome;
/** Nobody answers there. */
const nowhere = {
  IOT_PROVISIONING_DEVICE_ENDPOINT: 'provisioning.localhost',
  REHOME_HTTPS_PORT: '1',
  REHOME_API_TOKEN: 'a-token',
};

describe('what is asked of the command line itself', () => {
  test('help lists all verbs, and each verb has examples', async () => {
    const { code, out, err } = await run('--help');
    expect([code, err]).toEqual([exitCode.ok, '']);
    for (const word of ['enrollment-group', 'linked-hub', 'certificate', 'history', 'why', 'simulate', 'verify', 'move']) {
      expect(out).toContain(`rehome ${word}`);
    }
    expect((await run('enrollment create --help')).out).toMatch(/Examples:\n {2}rehome enrollment create --enrollment-id sn-42/);
  });

  test('the completion script is printed, and completes nouns and verbs', async () => {
    expect((await run('completion')).out).toContain('rehome --get-yargs-completions');
    expect((await run('--get-yargs-completions rehome enrollment-group ')).out).toContain('compute-device-key');
  });
});

describe('wrong usage ends with 2 and says what is wrong', () => {
  test.each([
    ['enrolment list', 'Did you mean enrollment?'],
    ['enrollment lst', 'Did you mean list?'],
    ['enrollment', 'say which verb'],
    ['why', 'Not enough non-option arguments'],
    ['why sn-42 --bogus', 'Unknown argument: bogus'],
    ['enrollment create --eid a --at paper', 'Choices: "symmetricKey", "x509", "tpm"'],
    ['enrollment show', 'Missing required argument: enrollment-id'],
    ['why sn-42 --at 2026-01-01 --at 2026-01-02', '--at is given more than once'],
    ['why sn-42', 'say where the service is'],
    ['why sn-42 --url http://localhost --token t', '--url must begin with https://'],
    ['why sn-42 --url https://localhost', 'say who you are'],
    ['why sn-42 --data-dir /nowhere', 'there is no client.env in /nowhere'],
    ['why sn-42 --url https://localhost --token t --ca-file /nowhere.pem', 'cannot be read: /nowhere.pem'],
    ['linked-hub list --url https://localhost --login HostName=x', 'a connection string has'],
  ])('%s', async (line, message) => {
    const { code, out, err } = await run(line);
    expect({ code, out }).toEqual({ code: exitCode.usage, out: '' });
    expect(err).toContain(message);
    expect(err).toMatch(/^error: /);
  });

  test.each([
    ['registration list --top 0', '--top must be a whole number'],
    ['enrollment create --eid a --at symmetricKey --tags {', '--initial-twin-tags is not JSON'],
    ['move preview --to-hub b', 'say which devices by one of'],
    ['move preview --to-hub b --tag site', '--tag is path=value'],
    ['erase sn-42', 'give a --reason'],
    ['erase sn-42 --reason because', 'say --yes'],
    ['replay --to-file a --to-url b', 'exclude each other'],
    ['replay --to-url ftp://b', '--to-url must be an http or https address'],
    ['simulate --devices 0', '--devices must be a whole number from 1 to 5000'],
    ['simulate --transport coap', 'Choices: "mqtt", "mqtt-ws", "amqp", "amqp-ws", "http"'],
    ['simulate --rid sn-1 sn-2 --devices 2', '--devices and --registration-id exclude each other'],
    ['simulate --rid sn-1 --create-group', '--create-group is for devices of a group'],
    ['simulate --cp ca.pem', '--certificate-path and --key-path go together'],
    ['simulate --cp /nowhere.pem --kp /nowhere.key', '--certificate-path: the file /nowhere.pem cannot be read'],
    ['linked-hub update --hn a --capacity many', '--capacity is a whole number or "none"'],
  ])('%s, before anything is asked of the service', async (line, message) => {
    const { code, out, err } = await run(line, nowhere);
    expect({ code, out }).toEqual({ code: exitCode.usage, out: '' });
    expect(err).toContain(message);
  });
});

test('a service that cannot be reached ends with 3', async () => {
  const { code, err } = await run('why sn-42', nowhere);
  expect(code).toBe(exitCode.refused);
  expect(err).toContain('https://provisioning.localhost:1 cannot be reached');
  expect(err).not.toContain('a-token');
});

test('a device key is derived without a service', async () => {
  const key = Buffer.from('0123456789abcdef').toString('base64');
  const derived = await run(`enrollment-group compute-device-key --key ${key} --registration-id sn-42`);
  expect(derived).toMatchObject({ code: 0, err: '' });
  const asJson = await run(`enrollment-group compute-device-key --key ${key} --rid sn-42 -o json`);
  expect(JSON.parse(asJson.out)).toEqual({ registrationId: 'sn-42', key: derived.out.trim() });
});
