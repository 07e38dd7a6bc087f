import { generateKeyPairSync } from 'node:crypto';
import { correlated, createLogger, Logger, NestLogger } from './logger';

const SECRET = 'hunter2hunter2hunter2';

function recording(): { logger: Logger; lines: string[]; last: () => Record<string, unknown> } {
  const lines: string[] = [];
  const logger = createLogger({ level: 'trace', destination: { write: (line) => lines.push(line) } });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> };
}

describe('the log', () => {
  it('is one JSON object a line, with level, time, correlation id and message', () => {
    const { logger, lines, last } = recording();
    correlated(logger, 'c-1').info({ registrationId: 'dev-1' }, 'registered');
    expect(lines).toHaveLength(1);
    expect(last()).toMatchObject({
      level: 'info',
      correlationId: 'c-1',
      registrationId: 'dev-1',
      msg: 'registered',
      pid: process.pid,
    });
    expect(last().time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('keeps errors with their type, message, stack and cause', () => {
    const { logger, last } = recording();
    logger.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed');
    expect(last()).toMatchObject({ err: { type: 'Error' } });
    expect(JSON.stringify(last())).toContain('inner');
    expect(JSON.stringify(last())).toContain('logger.spec.ts');
  });
});

describe('no secret reaches the log', () => {
  const { privateKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const errorWithFields = Object.assign(new Error('refused'), {
    config: { headers: { Authorization: SECRET } },
    connectionString: SECRET,
  });
  const cases: readonly { from: string; log: (logger: Logger) => void; secret?: string }[] = [
    {
      from: 'headers',
      log: (logger) => logger.info({ req: { headers: { authorization: SECRET, Cookie: SECRET, 'x-api-key': SECRET } } }),
    },
    {
      from: 'symmetric keys',
      log: (logger) => logger.info({ attestation: { symmetricKey: { primaryKey: SECRET, secondaryKey: SECRET } } }),
    },
    { from: 'keys in lists', log: (logger) => logger.info({ devices: [{ key: SECRET }, { keys: [SECRET] }] }) },
    {
      from: 'configuration',
      log: (logger) =>
        logger.info({
          REHOME_API_TOKEN: SECRET,
          databaseUrl: SECRET,
          esdbUrl: SECRET,
          connection_string: SECRET,
          password: SECRET,
        }),
    },
    {
      from: 'fields of a child logger',
      log: (logger) => logger.child({ apiToken: SECRET, nested: { sharedAccessKey: SECRET } }).info('x'),
    },
    { from: 'fields of an error', log: (logger) => logger.error({ err: errorWithFields }) },
    { from: 'an error as the only argument', log: (logger) => logger.error(errorWithFields) },
    { from: 'fields of a cause', log: (logger) => logger.error({ err: new Error('outer', { cause: errorWithFields }) }) },
    { from: 'an error under another name', log: (logger) => logger.error({ reason: errorWithFields }) },
    {
      from: 'a connection string in a text',
      log: (logger) => logger.info(`linked HostName=h;SharedAccessKeyName=owner;SharedAccessKey=${SECRET}`),
    },
    {
      from: 'a SAS token in a text',
      log: (logger) => logger.info(`got SharedAccessSignature sr=x&sig=${SECRET}&se=1&skn=owner`),
    },
    { from: 'a signature in a URL', log: (logger) => logger.info({ url: `/x?sr=1&sig=${SECRET}` }) },
    { from: 'a bearer token in a text', log: (logger) => logger.info(`header was "Bearer ${SECRET}"`) },
    { from: 'a password in a URL', log: (logger) => logger.info(`connecting to postgres://rehome:${SECRET}@db/rehome`) },
    {
      from: 'a message of an error',
      log: (logger) => logger.error(new Error(`cannot reach esdb://admin:${SECRET}@events:2113`)),
    },
    { from: 'a private key', log: (logger) => logger.info({ text: privateKey }), secret: privateKey.split('\n')[1] ?? SECRET },
    { from: 'bytes', log: (logger) => logger.info({ data: Buffer.from(SECRET) }), secret: [...Buffer.from(SECRET)].join(',') },
    { from: 'deep objects', log: (logger) => logger.info({ a: { b: { c: { d: { e: { f: { g: { h: { i: SECRET } } } } } } } } }) },
    {
      from: "Nest's messages",
      log: (logger) => new NestLogger(logger).error(`Bearer ${SECRET}`, `at SharedAccessKey=${SECRET}`, 'Context'),
    },
  ];

  it.each(cases)('from $from', ({ log, secret = SECRET }) => {
    const { logger, lines } = recording();
    log(logger);
    expect(lines).toHaveLength(1);
    expect(() => JSON.parse(lines[0] ?? '') as unknown).not.toThrow();
    expect(lines[0]).not.toContain(secret);
  });

  it('while what is no secret stays readable', () => {
    const { logger, last } = recording();
    const fields = {
      skn: 'owner',
      keyColumn: 'id',
      attestation: { type: 'symmetricKey' },
      publicKey: 'p',
      url: 'https://hub/devices/a@b',
    };
    logger.info(fields, 'HostName=h;SharedAccessKeyName=owner');
    expect(last()).toMatchObject({ ...fields, msg: 'HostName=h;SharedAccessKeyName=owner' });
  });
});

describe("Nest's log", () => {
  it('goes into the same log with its context and levels', () => {
    const { logger, lines, last } = recording();
    const nest = new NestLogger(logger);
    nest.log('started', 'SomeService');
    expect(last()).toMatchObject({ level: 'info', msg: 'started', context: 'SomeService' });
    nest.log('Mapped {/x, GET} route', 'RouterExplorer');
    expect(last()).toMatchObject({ level: 'debug', context: 'RouterExplorer' });
    nest.error('broken', 'the stack', 'ExceptionsHandler');
    expect(last()).toMatchObject({ level: 'error', msg: 'broken', stack: 'the stack', context: 'ExceptionsHandler' });
    nest.error(new Error('thrown'), 'ExceptionsHandler');
    expect(last()).toMatchObject({ level: 'error', msg: 'thrown', err: { message: 'thrown' }, context: 'ExceptionsHandler' });
    nest.verbose({ some: 'object' });
    expect(last()).toMatchObject({ level: 'trace', message: { some: 'object' } });
    nest.warn('w');
    nest.debug('d');
    nest.fatal('f');
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual([
      'info',
      'debug',
      'error',
      'error',
      'trace',
      'warn',
      'debug',
      'fatal',
    ]);
  });
});
