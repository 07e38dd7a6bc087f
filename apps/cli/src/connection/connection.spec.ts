import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCode } from '../exit-codes';
import { parseClientEnv } from './client-env';
import { refusal } from './problem-message';
import { deviceKey, sasToken, serviceToken } from './sas';
import { connectionSettings } from './settings';

describe('where the service is', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'rehome-settings-'));
    writeFileSync(join(directory, 'ca.pem'), 'a certificate');
    const facts = {
      IOT_PROVISIONING_DEVICE_ENDPOINT: 'from.file',
      REHOME_HTTPS_PORT: '8443',
      REHOME_MQTT_PORT: '8884',
      REHOME_AMQP_PORT: '5672',
      REHOME_API_TOKEN: 'file-token',
      IOT_PROVISIONING_DEVICE_IDSCOPE: '0ne1',
      NODE_EXTRA_CA_CERTS: join(directory, 'ca.pem'),
    };
    writeFileSync(
      join(directory, 'client.env'),
      Object.entries(facts)
        .map(([name, value]) => `export ${name}='${value}'\n`)
        .join(''),
    );
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const env = { IOT_PROVISIONING_DEVICE_ENDPOINT: 'from.env', REHOME_API_TOKEN: 'env-token' };

  test('a data directory goes before the environment, an option before both', () => {
    expect(connectionSettings({}, env)).toMatchObject({
      host: 'from.env',
      port: 443,
      token: 'env-token',
      ca: undefined,
      authority: undefined,
      mqttPort: 8883,
      amqpPort: 5671,
    });
    const fromFile = connectionSettings({ dataDir: directory }, env);
    expect(fromFile).toMatchObject({ host: 'from.file', port: 8443, token: 'file-token', idScope: '0ne1' });
    expect(fromFile).toMatchObject({ mqttPort: 8884, amqpPort: 5672, authority: 'a certificate' });
    expect(fromFile.ca).toContain('a certificate');
    const given = connectionSettings({ dataDir: directory, url: 'https://given', token: 'given' }, env);
    expect(given).toMatchObject({ host: 'given', port: 443, token: 'given' });
  });

  test('a connection string that was given goes before a token that was not', () => {
    const settings = connectionSettings({ login: 'HostName=h' }, env);
    expect(settings).toMatchObject({ token: undefined, connectionString: 'HostName=h' });
  });

  test('values in quotes are read as a shell reads them', () => {
    expect(parseClientEnv("export A='x y'\n# no\nexport B='it'\\''s'\n")).toEqual({ A: 'x y', B: "it's" });
  });
});

describe('credentials', () => {
  const key = Buffer.from('0123456789abcdef').toString('base64');

  test('a token is signed over its resource and its expiry', () => {
    const token = sasToken('scope/registrations/sn-1', key, 'registration', 0);
    expect(token).toMatch(/^SharedAccessSignature sr=scope%2Fregistrations%2Fsn-1&sig=[^&]+&se=3600&skn=registration$/);
    expect(sasToken('scope/registrations/sn-1', key, 'registration', 1_000)).not.toBe(token);
  });

  test('a connection string stands for a token of its policy', () => {
    expect(serviceToken(`HostName=h.example;SharedAccessKeyName=owner;SharedAccessKey=${key}`)).toMatch(
      /sr=h\.example&.*skn=owner$/,
    );
  });

  test("the key of a device is that of the vendor's documents, of its id as the device writes it", () => {
    const group = '8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==';
    const id = 'sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6';
    expect(deviceKey(group, id)).toBe('Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=');
    expect(deviceKey(group, id.toUpperCase())).not.toBe(deviceKey(group, id));
  });
});

describe('refusals become one message', () => {
  test('of a problem document, with what is wrong and where to find it in the log', () => {
    const problem = {
      title: 'Invalid request',
      detail: 'The request is not as documented.',
      errors: ['limit is too large'],
      trackingId: 't-1',
    };
    const { message, code } = refusal(400, JSON.stringify(problem));
    expect(message).toBe('The request is not as documented. (400, tracking id t-1)\n  - limit is too large');
    expect(code).toBe(exitCode.refused);
  });

  test.each([
    [
      404,
      '{"errorCode":404204,"trackingId":"t","message":"Enrollment not found."}',
      'Enrollment not found. (404, tracking id t)',
      exitCode.no,
    ],
    [502, '<html>bad gateway</html>', 'the service answered 502: <html>bad gateway</html>', exitCode.refused],
    [503, '', 'the service answered 503', exitCode.refused],
    [500, '[]', 'the service refused (500)', exitCode.refused],
  ])('%i %s', (status, body, message, code) => {
    expect(refusal(status, body)).toMatchObject({ message, code });
  });
});
