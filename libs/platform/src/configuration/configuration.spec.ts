import { randomBytes } from 'node:crypto';
import { ConfigurationError, Environment, loadConfiguration } from './configuration';
import { variableNames } from './variables';

function problemsOf(environment: Environment): readonly string[] {
  try {
    loadConfiguration(environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

const key = randomBytes(32).toString('base64');

describe('configuration from an empty environment', () => {
  it('is the embedded default on loopback', () => {
    expect(loadConfiguration({ PATH: '/bin' })).toEqual({
      dataDir: './data',
      httpsPort: 8443,
      mqttPort: 8883,
      amqpPort: 5671,
      listenAddress: '127.0.0.1',
      proxyProtocolFrom: [],
      forwardedCertificatesFrom: [],
      connectionsMax: 20_000,
      connectionsPerAddressMax: 0,
      hostNames: [],
      hubs: ['hub-a.localhost', 'hub-b.localhost'],
      idScope: undefined,
      secretKey: undefined,
      serviceKey: undefined,
      apiToken: undefined,
      sasPolicies: [],
      operatorTokens: [],
      databaseUrl: undefined,
      esdbUrl: undefined,
      roles: ['api', 'worker', 'hubs'],
      registerWaitMs: 250,
      reprovisionMethod: 'reprovision',
      retryAfterS: 3,
      takeoverMs: 15_000,
      defaultAllocationPolicy: 'hashed',
      latencyFile: undefined,
      webhookNetworks: [],
      webhookRetries: { attemptsMax: 12, firstRetryMs: 1000 },
      feed: { readersMax: 100, replaysMax: 4, slowReaderTimeoutMs: 15_000 },
      tls: undefined,
      logLevel: 'info',
      failpoints: [],
    });
  });

  it('does not change when variables are set but empty, as composition files do', () => {
    const empty = Object.fromEntries(variableNames.filter((name) => name !== 'REHOME_HUBS').map((name) => [name, '']));
    expect(loadConfiguration(empty)).toEqual(loadConfiguration({}));
  });
});

describe('configuration from a full environment', () => {
  it('reads every variable', () => {
    const configuration = loadConfiguration({
      REHOME_DATA_DIR: '/var/lib/rehome',
      REHOME_HTTPS_PORT: '443',
      REHOME_MQTT_PORT: 'none',
      REHOME_AMQP_PORT: 'none',
      REHOME_LISTEN_ADDRESS: '::',
      REHOME_HOSTNAMES: 'Gate.Example, 10.0.0.7',
      REHOME_HUBS: 'north.localhost',
      REHOME_ID_SCOPE: '0ne0000ABCD',
      REHOME_SECRET_KEY: key,
      REHOME_SERVICE_KEY: key,
      REHOME_API_TOKEN: 'a-long-enough-token',
      REHOME_SAS_POLICIES: `reader:${key}:EnrollmentRead+RegistrationStatusRead;writer:${key}:EnrollmentWrite`,
      REHOME_OPERATOR_TOKENS: 'ann:a-long-enough-token;bob:another-long-token:auditor',
      DATABASE_URL: 'postgres://rehome@db/rehome',
      ESDB_URL: 'esdb://events:2113',
      REHOME_ROLES: 'worker,api',
      REHOME_REGISTER_WAIT_MS: '0',
      REHOME_REPROVISION_METHOD: 'go-home',
      REHOME_RETRY_AFTER_S: '0',
      REHOME_TAKEOVER_MS: '1000',
      REHOME_DEFAULT_ALLOCATION_POLICY: 'static',
      REHOME_LATENCY_FILE: 'latencies.json',
      REHOME_WEBHOOK_ALLOW_NETWORKS: '10.1.0.0/16, ::1',
      REHOME_WEBHOOK_ATTEMPTS: '5',
      REHOME_WEBHOOK_RETRY_MS: '200',
      REHOME_FEED_READERS_MAX: '7',
      REHOME_FEED_REPLAYS_MAX: '2',
      REHOME_FEED_SLOW_READER_MS: '500',
      REHOME_TLS_CERT_FILE: 'cert.pem',
      REHOME_TLS_KEY_FILE: 'key.pem',
      REHOME_CA_FILE: 'ca.pem',
      REHOME_LOG_LEVEL: 'warn',
      REHOME_FAILPOINTS: 'before-fence,move:fenced,after-fence:3,move:placed:2',
      REHOME_PROXY_PROTOCOL: '10.0.0.7, fd00::/8',
      REHOME_FORWARDED_CLIENT_CERT: '10.1.0.0/24',
      REHOME_CONNECTIONS_MAX: '5000',
      REHOME_CONNECTIONS_PER_ADDRESS_MAX: '100',
      REHOME_ALLOW_FAILPOINTS: '1',
    });
    expect(configuration).toEqual({
      dataDir: '/var/lib/rehome',
      httpsPort: 443,
      mqttPort: undefined,
      amqpPort: undefined,
      listenAddress: '::',
      proxyProtocolFrom: ['10.0.0.7', 'fd00::/8'],
      forwardedCertificatesFrom: ['10.1.0.0/24'],
      connectionsMax: 5_000,
      connectionsPerAddressMax: 100,
      hostNames: ['gate.example', '10.0.0.7'],
      hubs: ['north.localhost'],
      idScope: '0ne0000ABCD',
      secretKey: Buffer.from(key, 'base64'),
      serviceKey: key,
      apiToken: 'a-long-enough-token',
      sasPolicies: [
        { name: 'reader', key, rights: ['EnrollmentRead', 'RegistrationStatusRead'] },
        { name: 'writer', key, rights: ['EnrollmentWrite'] },
      ],
      operatorTokens: [
        { name: 'ann', token: 'a-long-enough-token', role: 'administrator' },
        { name: 'bob', token: 'another-long-token', role: 'auditor' },
      ],
      databaseUrl: 'postgres://rehome@db/rehome',
      esdbUrl: 'esdb://events:2113',
      roles: ['worker', 'api'],
      registerWaitMs: 0,
      reprovisionMethod: 'go-home',
      retryAfterS: 0,
      takeoverMs: 1000,
      defaultAllocationPolicy: 'static',
      latencyFile: 'latencies.json',
      webhookNetworks: ['10.1.0.0/16', '::1'],
      webhookRetries: { attemptsMax: 5, firstRetryMs: 200 },
      feed: { readersMax: 7, replaysMax: 2, slowReaderTimeoutMs: 500 },
      tls: { certFile: 'cert.pem', keyFile: 'key.pem', caFile: 'ca.pem' },
      logLevel: 'warn',
      failpoints: [
        { name: 'before-fence', nth: 1 },
        { name: 'move:fenced', nth: 1 },
        { name: 'after-fence', nth: 3 },
        { name: 'move:placed', nth: 2 },
      ],
    });
  });

  it.each(['', 'none'])('has no reference hub when REHOME_HUBS is "%s"', (value) => {
    expect(loadConfiguration({ REHOME_HUBS: value }).hubs).toEqual([]);
  });
});

describe('a bad value', () => {
  const integer = 'must be a whole number from 0 to 65535';
  it.each<[string, string, string]>([
    ['REHOME_HTTPS_PORT', 'https', `REHOME_HTTPS_PORT ${integer} (it is "https")`],
    ['REHOME_HTTPS_PORT', '65536', `REHOME_HTTPS_PORT ${integer} (it is "65536")`],
    ['REHOME_HTTPS_PORT', '1e3', `REHOME_HTTPS_PORT ${integer} (it is "1e3")`],
    ['REHOME_HTTPS_PORT', '-1', `REHOME_HTTPS_PORT ${integer} (it is "-1")`],
    ['REHOME_MQTT_PORT', 'off', 'REHOME_MQTT_PORT must be a whole number from 0 to 65535, or none (it is "off")'],
    ['REHOME_MQTT_PORT', '65536', 'REHOME_MQTT_PORT must be a whole number from 0 to 65535, or none (it is "65536")'],
    [
      'REHOME_LISTEN_ADDRESS',
      'localhost',
      'REHOME_LISTEN_ADDRESS must be an IP address, for example 127.0.0.1, 0.0.0.0 or :: (it is "localhost")',
    ],
    [
      'REHOME_HOSTNAMES',
      'a b',
      'REHOME_HOSTNAMES must be a list, each item of which must be a host name or an IP address (it is "a b")',
    ],
    ['REHOME_HUBS', 'hub.localhost,HUB.localhost', 'REHOME_HUBS must name no hub twice (it is "hub.localhost,HUB.localhost")'],
    ['REHOME_ID_SCOPE', 'scope', 'REHOME_ID_SCOPE must be "0ne" followed by 8 to 16 hexadecimal digits (it is "scope")'],
    ['REHOME_REGISTER_WAIT_MS', '10001', 'REHOME_REGISTER_WAIT_MS must be a whole number from 0 to 10000 (it is "10001")'],
    [
      'REHOME_ROLES',
      'api,cook',
      'REHOME_ROLES must be a list, each item of which must be one of api, worker, hubs (it is "api,cook")',
    ],
    ['REHOME_ROLES', ',', 'REHOME_ROLES must name at least one of api, worker, hubs (it is ",")'],
    ['REHOME_LOG_LEVEL', 'loud', 'REHOME_LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent (it is "loud")'],
    [
      'REHOME_WEBHOOK_ALLOW_NETWORKS',
      '10.0.0.0/8,10.0.0.0/33',
      'REHOME_WEBHOOK_ALLOW_NETWORKS must be a list, each item of which must be an IP address or a network such as 10.0.0.0/8 (it is "10.0.0.0/8,10.0.0.0/33")',
    ],
    [
      'REHOME_DEFAULT_ALLOCATION_POLICY',
      'custom',
      'REHOME_DEFAULT_ALLOCATION_POLICY must be one of hashed, geoLatency, static (it is "custom")',
    ],
  ])('%s=%s is one clear line', (name, value, problem) => {
    expect(problemsOf({ [name]: value })).toEqual([problem]);
  });

  it.each<[string, string, RegExp]>([
    [
      'REHOME_SECRET_KEY',
      'hunter2hunter2',
      /^REHOME_SECRET_KEY must be 32 bytes in base64 \(make one with: openssl rand -base64 32\)$/,
    ],
    ['REHOME_SERVICE_KEY', 'hunter2hunter2', /^REHOME_SERVICE_KEY must be 16 to 64 bytes in base64$/],
    ['REHOME_API_TOKEN', 'hunter2', /^REHOME_API_TOKEN must be 16 to 512 letters/],
    [
      'REHOME_SAS_POLICIES',
      'reader:hunter2:EnrollmentRead',
      /^REHOME_SAS_POLICIES must give policy reader a key that must be 16 to 64 bytes/,
    ],
    [
      'REHOME_SAS_POLICIES',
      `reader:${key}:EnrollmentRaed`,
      /^REHOME_SAS_POLICIES must give policy reader rights out of ServiceConfig, /,
    ],
    ['REHOME_SAS_POLICIES', `reader:${key}:`, /^REHOME_SAS_POLICIES must give policy reader rights out of /],
    ['REHOME_OPERATOR_TOKENS', 'ann:hunter2', /^REHOME_OPERATOR_TOKENS must give operator ann a token that must be 16/],
    [
      'REHOME_OPERATOR_TOKENS',
      'ann:hunter2hunter2hunter2:auditer',
      /^REHOME_OPERATOR_TOKENS must give operator ann a role that must be one of administrator, operator, auditor$/,
    ],
    [
      'REHOME_OPERATOR_TOKENS',
      'ann:hunter2hunter2hunter2;ann:hunter2hunter2hunter3',
      /^REHOME_OPERATOR_TOKENS must not name ann twice$/,
    ],
    [
      'DATABASE_URL',
      'mysql://root:hunter2@db/x',
      /^DATABASE_URL must be a URL that starts with postgres:\/\/ or postgresql:\/\/$/,
    ],
    ['ESDB_URL', 'http://admin:hunter2@es', /^ESDB_URL must be a URL that starts with esdb:\/\//],
  ])('of secret %s is refused without being shown', (name, value, problem) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems.join()).not.toContain('hunter2');
    expect(problems.join()).not.toContain(key);
  });

  it('is reported together with all others', () => {
    expect(problemsOf({ REHOME_HTTPS_PORT: 'x', REHOME_LOG_LEVEL: 'x', REHOME_PORT: '1' })).toHaveLength(3);
  });
});

describe('names and combinations', () => {
  it('refuses a REHOME_ name that does not exist and says which was meant', () => {
    expect(problemsOf({ REHOME_HTTP_PORT: '1' })).toEqual([
      'REHOME_HTTP_PORT is not a variable of this program; did you mean REHOME_HTTPS_PORT?',
    ]);
    expect(problemsOf({ REHOME_SOMETHING_ELSE_ENTIRELY: '1' })).toEqual([
      'REHOME_SOMETHING_ELSE_ENTIRELY is not a variable of this program',
    ]);
  });

  it('refuses half of a certificate', () => {
    const problem = 'REHOME_TLS_CERT_FILE and REHOME_TLS_KEY_FILE must be set together';
    expect(problemsOf({ REHOME_TLS_CERT_FILE: 'cert.pem' })).toEqual([problem]);
    expect(problemsOf({ REHOME_TLS_KEY_FILE: 'key.pem' })).toEqual([problem]);
    expect(problemsOf({ REHOME_CA_FILE: 'ca.pem' })).toEqual(['REHOME_CA_FILE must come with REHOME_TLS_CERT_FILE']);
  });

  it('wants a shared secret key when the service is split', () => {
    expect(problemsOf({ REHOME_ROLES: 'api,worker' })).toEqual([expect.stringMatching(/^REHOME_SECRET_KEY must be set/)]);
    expect(problemsOf({ REHOME_ROLES: 'api,worker', REHOME_SECRET_KEY: key })).toEqual([]);
  });

  it('refuses failpoints outside tests', () => {
    expect(problemsOf({ REHOME_FAILPOINTS: 'before-fence' })).toHaveLength(1);
    expect(problemsOf({ REHOME_FAILPOINTS: 'before-fence', NODE_ENV: 'test' })).toEqual([]);
    expect(problemsOf({ REHOME_FAILPOINTS: 'before-fence:0', NODE_ENV: 'test' })).toHaveLength(1);
  });
});
