import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestCertificate, issue } from '@test/support/certificates';
import { CommandLine, Ran, cells } from '@test/support/command-line';
import { Program } from '@test/support/programs';
import { twinAt } from '@test/support/running-service';
import { ServedCommandLine } from '@test/support/served-command-line';
import { until } from '@test/support/until';

let cli: ServedCommandLine;
beforeAll(async () => {
  cli = await ServedCommandLine.start();
});
afterAll(() => cli.close());

/** For a busy machine; devices come within seconds. */
const LIVED_TIMEOUT_MS = 45_000;
const ENDS_WITHIN_MS = 8_000;
/** Longer than a refusal takes on a busy machine; devices try again meanwhile. */
const REFUSED_WITHIN_S = 5;

const run = (line: string): Promise<Ran> => cli.run(`simulate ${line}`);

/** The options that name a certificate, with those above it, and its key. */
async function kept(...chain: readonly [TestCertificate, ...TestCertificate[]]): Promise<string> {
  const [pem, key] = [join(cli.files, `${chain[0].name}.pem`), join(cli.files, `${chain[0].name}.key`)];
  await writeFile(pem, chain.map((each) => each.pem).join(''));
  await writeFile(key, chain[0].keyPem, { mode: 0o600 });
  return `--certificate-path ${pem} --key-path ${key}`;
}

/** What a device has said of itself at the hub where it is. */
async function lastReport(registrationId: string): Promise<{ readonly visit: number; readonly report: number }> {
  for (const hub of cli.service.hubs) {
    const { simulated } = ((await twinAt(cli.service.registry(hub), registrationId))?.reported ?? {}) as Record<string, unknown>;
    if (simulated !== undefined) return simulated as { visit: number; report: number };
  }
  return { visit: 0, report: 0 };
}

/** Whether each of the devices has come so often, and has since reported more than once, so that at least one report is counted. */
async function haveLived(registrationIds: readonly string[], visits = 1): Promise<boolean> {
  const reports = await Promise.all(registrationIds.map(lastReport));
  return reports.every(({ visit, report }) => visit > visits || (visit === visits && report > 1));
}

/** Lets devices live until something holds, then ends them as Ctrl-C does, and gives what was printed. */
async function endedWhen(simulation: Program, what: string, holds: () => boolean | Promise<boolean>): Promise<string> {
  await until(
    what,
    () => {
      if (simulation.child.exitCode !== null) throw new Error(`it ended by itself: ${simulation.stderr()}${simulation.stdout()}`);
      return holds();
    },
    LIVED_TIMEOUT_MS,
  );
  simulation.child.kill('SIGINT');
  await until('it ends at once', () => simulation.child.exitCode !== null, ENDS_WITHIN_MS);
  expect({ code: await simulation.ended, err: simulation.stderr() }).toEqual({ code: 0, err: '' });
  return simulation.stdout();
}

/** The devices register once, live, and report from their hub, and nothing goes wrong. */
async function live(line: string, registrationIds: readonly string[], program: CommandLine = cli): Promise<void> {
  const simulation = program.start(`simulate ${line} --duration 600 --interval 600 --report-interval 1 -o json`);
  const out = await endedWhen(simulation, `${line} has lived`, () => haveLived(registrationIds));
  const summary = JSON.parse(out) as { reports: number };
  const devices = registrationIds.length;
  expect({ line, ...summary }).toMatchObject({ line, lastFailure: null, devices, devicesPlanned: devices });
  expect(summary).toMatchObject({ registrations: devices, disconnections: 0, failures: 0 });
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
      return live(
        `--transport ${each} --enrollment-id by-key --devices 2 --prefix By-${each}`,
        [`By-${each}-0001`, `By-${each}-0002`],
        program,
      );
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
    live('--registration-id sn-41 sn-42 --transport amqp', ['sn-41', 'sn-42']),
    live(`${await kept(own)} --transport amqp`, ['sn-43']),
    live(`${line} --enrollment-id line --create-group --devices 2 --prefix line --transport mqtt-ws`, ['line-0001', 'line-0002']),
    live(`${factory} --registration-id works-1 --transport http`, ['works-1']),
    live(`${factory} --registration-id works-2 --transport amqp-ws`, ['works-2']),
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
      const { code, out } = await run(`${line} --duration ${REFUSED_WITHIN_S}`);
      const told = cells(out).find(([what]) => what === 'last failure')?.[1];
      expect({ line, code, told }).toEqual({ line, code: 1, told: expect.stringMatching(why) as string });
    }),
  );
  const { code, out, err } = await run(`${stranger} --devices 2`);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('the certificate is that of one device, stranger');
  for (const nobody of ['--registration-id nobody', '--enrollment-id nobody']) {
    expect(await run(`${nobody} --duration 1`)).toMatchObject({ code: 1, out: '' });
  }
});

test('Ctrl-C ends it at once, and says how far it was', async () => {
  const simulation = cli.start('simulate --devices 500 --rate 2 --create-group --duration 600 -o json');
  const out = await endedWhen(simulation, 'the first has come', async () => (await lastReport('simulated-0001')).visit > 0);
  const summary = JSON.parse(out) as { devices: number };
  expect(summary).toMatchObject({ interrupted: true, devicesPlanned: 500, durationS: 600, failures: 0 });
  expect(summary.devices).toBeGreaterThan(0);
  expect(summary.devices).toBeLessThan(120);
});

test('they come back by themselves, and a table says what they did', async () => {
  const ids = ['back-0001', 'back-0002', 'back-0003'];
  const line = '--devices 3 --create-group --prefix back --transport http --duration 600 --interval 1 --report-interval 1';
  const simulation = cli.start(`simulate ${line}`);
  const out = await endedWhen(simulation, 'all have come back', async () => {
    return (await Promise.all(ids.map(lastReport))).every(({ visit }) => visit > 1);
  });
  const lines = new Map(cells(out).map(([what = '', value = '']) => [what, value]));
  expect(Number.parseInt(lines.get('registrations') ?? '', 10)).toBeGreaterThanOrEqual(6);
  expect(Number(lines.get('reports'))).toBeGreaterThanOrEqual(3);
  expect(lines.get('failures')).toBe('0');
});

test('a campaign and an operator ask them to come back, and they come', async () => {
  const ids = ['sim-0001', 'sim-0002', 'sim-0003', 'sim-0004'];
  await cli.ok(`enrollment-group create --eid fleet --iot-hubs ${cli.hubA} --ap static --rp reprovisionandmigratedata`);
  const line = '--devices 4 --enrollment-id fleet --prefix sim --duration 600 --interval 600 --report-interval 1 -o json';
  const simulation = cli.start(`simulate ${line}`);
  await until('all live', () => haveLived(ids), LIVED_TIMEOUT_MS);
  await cli.service.caughtUp();
  const plan = `--group-id fleet --to-hub ${cli.hubB}`;
  expect(await cli.ok(`move preview ${plan}`)).toMatch(/^4 devices in 1 waves/);
  const draft = await cli.json(`move create --move-id to-b ${plan} --wave-size 2 --failures-max any`);
  expect(draft).toMatchObject({ status: 'draft' });
  await cli.ok('move start --move-id to-b');
  await cli.service.caughtUp();
  expect(await cli.json('move watch --move-id to-b')).toMatchObject({ status: 'ended', progress: { moved: 4, failed: 0 } });
  expect(cells(await cli.ok('move list'))[1]?.[0]).toBe('to-b');
  expect(await cli.json('move devices --move-id to-b --outcome moved')).toHaveLength(4);
  expect(await cli.ok('move show --move-id to-b')).toMatch(/^progress\.moved +4$/m);
  expect(await cli.run('move pause --move-id to-b')).toMatchObject({ code: 3 });
  await until('all live at the other hub', () => haveLived(ids, 2), LIVED_TIMEOUT_MS);
  expect(await cli.json('reprovision sim-0001')).toMatchObject({ outcome: 'accepted' });
  const out = await endedWhen(simulation, 'it has come once more', () => haveLived(['sim-0001'], 3));
  const hubs = [{ hub: cli.hubB, devices: 4 }];
  expect(JSON.parse(out)).toMatchObject({ devices: 4, registrations: 9, moved: 4, failures: 0, hubs });
});
