import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestCertificate, issue } from '@test/support/certificates';
import { CommandLine, Ran, cells } from '@test/support/command-line';
import { ServedCommandLine } from '@test/support/served-command-line';

let cli: ServedCommandLine;
beforeAll(async () => {
  cli = await ServedCommandLine.start();
});
afterAll(() => cli.close());

const run = (line: string): Promise<Ran> => cli.run(`simulate ${line}`);

/** The options that name a certificate, with those above it, and its key. */
async function kept(...chain: readonly [TestCertificate, ...TestCertificate[]]): Promise<string> {
  const [pem, key] = [join(cli.files, `${chain[0].name}.pem`), join(cli.files, `${chain[0].name}.key`)];
  await writeFile(pem, chain.map((each) => each.pem).join(''));
  await writeFile(key, chain[0].keyPem, { mode: 0o600 });
  return `--certificate-path ${pem} --key-path ${key}`;
}

/** The devices register once, live, and report from their hub, and nothing goes wrong. */
async function live(line: string, devices: number, program: CommandLine = cli): Promise<void> {
  const { code, out, err } = await program.run(`simulate ${line} --duration 3 --interval 60 --report-interval 1 -o json`);
  const summary = JSON.parse(out) as { reports: number; lastFailure: unknown };
  expect({ line, code, err, lastFailure: summary.lastFailure }).toEqual({ line, code: 0, err: '', lastFailure: null });
  expect(summary).toMatchObject({ devices, devicesPlanned: devices, registrations: devices, disconnections: 0 });
  expect(summary.reports).toBeGreaterThanOrEqual(devices);
}

function fail(registrationId: string): never {
  throw new Error(`${registrationId} has not come`);
}

/** The command line where nothing but HTTPS gets out. */
async function behindFirewall(): Promise<CommandLine> {
  const directory = join(cli.files, 'firewall');
  await mkdir(directory);
  const facts = await readFile(join(cli.service.dataDir, 'client.env'), 'utf8');
  const closed = facts.replaceAll(/(_(?:MQTT|AMQP)_PORT)='\d+'/g, "$1='1'");
  expect(closed.match(/_PORT='1'/g)).toHaveLength(2);
  await writeFile(join(directory, 'client.env'), closed);
  return new CommandLine(directory);
}

/** How a device came and what it proved itself with, as the log has it. */
async function cameBy(registrationId: string): Promise<string> {
  const history = (await cli.json(`history ${registrationId} --type AssignmentStarted --no-twin`)) as {
    data: { grounds: { transport: string; attestation: { type: string }; enrollment: { kind: string; id: string } } };
  }[];
  const { transport, attestation, enrollment } = history[0]?.data.grounds ?? fail(registrationId);
  return `${transport} ${attestation.type} ${enrollment.kind} ${enrollment.id}`;
}

test('devices of a group register by its key over every transport, and report from their hub', async () => {
  const transports = ['http', 'mqtt', 'mqtt-ws', 'amqp', 'amqp-ws'];
  const narrow = await behindFirewall();
  await cli.ok('enrollment-group create --enrollment-id by-key');
  await Promise.all(
    transports.map((each) => {
      const program = each.endsWith('-ws') ? narrow : cli;
      return live(`--transport ${each} --enrollment-id by-key --devices 2 --prefix By-${each}`, 2, program);
    }),
  );
  const came = await Promise.all(transports.map((each) => cameBy(`By-${each}-0002`)));
  const words = ['https', 'mqtt', 'mqtt', 'amqp', 'amqp'];
  expect(came).toEqual(words.map((transport) => `${transport} symmetricKey group by-key`));
});

test('devices with enrollments of their own, and devices with certificates', async () => {
  for (const name of ['sn-41', 'sn-42']) await cli.calls.enroll({}, name);
  const own = await issue({ name: 'sn-43' });
  const x509 = { clientCertificates: { primary: { certificate: own.pem } } };
  const entry = { registrationId: 'sn-43', attestation: { type: 'x509', x509 } };
  await cli.service.administrator.createOrUpdateIndividualEnrollment(entry as never);
  const root = await issue({ name: 'root', authority: true });
  const line = await kept(await issue({ name: 'line', issuer: root, authority: true }), root);
  const works = await issue({ name: 'works', authority: true, rsa: true });
  const factory = await kept(works);
  await cli.ok(`enrollment-group create --enrollment-id works --certificate-path ${join(cli.files, 'works.pem')}`);
  await Promise.all([
    live('--registration-id sn-41 sn-42 --transport amqp', 2),
    live(`${await kept(own)} --transport amqp`, 1),
    live(`${line} --enrollment-id line --create-group --devices 2 --prefix line --transport mqtt-ws`, 2),
    live(`${factory} --registration-id works-1 --transport http`, 1),
    live(`${factory} --registration-id works-2 --transport amqp-ws`, 1),
  ]);
  expect(await Promise.all(['sn-42', 'sn-43', 'line-0002', 'works-1', 'works-2'].map(cameBy))).toEqual([
    'amqp symmetricKey individual sn-42',
    'amqp x509 individual sn-43',
    'mqtt x509 group line',
    'https x509 group works',
    'amqp x509 group works',
  ]);
});

test('what is refused is told in words, over every protocol, and ends with 1', async () => {
  const stranger = await kept(await issue({ name: 'stranger' }));
  await cli.calls.enroll({ provisioningStatus: 'disabled' }, 'off');
  const refused = [
    [`${stranger} --transport http`, /^stranger: 401/],
    [`${stranger} --transport mqtt`, /^stranger: .* refused the connection: not authorized$/],
    [`${stranger} --transport amqp`, /^stranger: 401/],
    ['--registration-id off --transport amqp', /^off: the service answered disabled$/],
  ] as const;
  await Promise.all(
    refused.map(async ([line, why]) => {
      const { code, out } = await run(`${line} --duration 1`);
      const told = cells(out).find(([what]) => what === 'last failure')?.[1];
      expect({ line, code, told }).toEqual({ line, code: 1, told: expect.stringMatching(why) as string });
    }),
  );
  const { code, out, err } = await run(`${stranger} --devices 2`);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('the certificate is that of one device, stranger');
  expect(await run('--registration-id nobody --duration 1')).toMatchObject({ code: 1, out: '' });
});

test('Ctrl-C ends it at once, and says how far it was', async () => {
  const simulation = cli.start('simulate --devices 500 --rate 2 --create-group --duration 600 -o json');
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  simulation.child.kill('SIGINT');
  expect({ code: await simulation.ended, err: simulation.stderr() }).toEqual({ code: 0, err: '' });
  const summary = JSON.parse(simulation.stdout()) as { devices: number; elapsedS: number };
  expect(summary).toMatchObject({ interrupted: true, devicesPlanned: 500, durationS: 600, failures: 0 });
  expect(summary.devices).toBeGreaterThan(0);
  expect(summary.devices).toBeLessThan(50);
  expect(summary.elapsedS).toBeLessThan(10);
});
