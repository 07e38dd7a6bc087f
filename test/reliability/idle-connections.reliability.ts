import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import { randomBytes } from 'node:crypto';
import { registerOverAmqp } from '@test/support/amqp-devices';
import { deviceKeyOf, registerDevice, sasToken } from '@test/support/clients';
import { registerOverMqtt } from '@test/support/mqtt-devices';
import { connectPacket } from '@test/support/mqtt-packets';
import { RunningService, startService } from '@test/support/running-service';
import { until } from '@test/support/until';

/** 10,000 take half a minute on two cores: `npm run test:connections`. */
const CONNECTIONS = Number(process.env.REHOME_TEST_IDLE_CONNECTIONS ?? 300);
/** Handshakes under way at one time. */
const CALLERS = 32;
const GROUP = 'idle';
const KILOBYTES_PER_CONNECTION_MAX = 128;
/** What the service itself may need more while it serves. */
const KILOBYTES_BESIDE_MAX = 160 * 1024;
const TIMEOUT_MS = 240_000;

let service: RunningService;
const groupKey = randomBytes(64).toString('base64');

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  await service.administrator.createOrUpdateEnrollmentGroup({
    enrollmentGroupId: GROUP,
    attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: groupKey, secondaryKey: groupKey } },
  } as never);
});
afterAll(() => service.close());

/** A device that is let in over MQTT and says nothing from then on. */
async function idleDevice(n: number, secureContext: ReturnType<typeof createSecureContext>): Promise<TLSSocket> {
  const { facts } = service;
  const registrationId = `idle-${n}`;
  const socket = connect({ port: facts.mqttPort, host: '127.0.0.1', servername: 'localhost', secureContext });
  socket.on('error', () => socket.destroy());
  await once(socket, 'secureConnect');
  const resource = `${facts.idScope}/registrations/${registrationId}`;
  const password = sasToken(resource, deviceKeyOf(groupKey, registrationId), 'registration');
  const userName = `${resource}/api-version=2019-03-31`;
  socket.write(connectPacket({ clientId: registrationId, userName, password, keepAliveS: 0 }));
  const [connack] = (await once(socket, 'data')) as [Buffer];
  expect(connack.toString('hex')).toBe('20020000');
  return socket;
}

async function hold(count: number): Promise<TLSSocket[]> {
  const held: TLSSocket[] = [];
  const secureContext = createSecureContext({ ca: service.endpoint.ca });
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < count) held.push(await idleDevice(next++, secureContext));
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return held;
}

async function residentKilobytes(): Promise<number> {
  const status = await readFile(`/proc/${service.process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}

async function gauge(name: string): Promise<number> {
  const { items } = (await service.manage('GET', '/connections')).json() as { items: { name: string; value: number }[] };
  return items.find((item) => item.name === name)?.value ?? 0;
}

/** One device over each transport; gives the time that all of them took. */
async function serveOthers(round: string): Promise<number> {
  const { facts, endpoint, host } = service;
  const identity = (name: string) => {
    const registrationId = `${round}-${name}`;
    return { idScope: facts.idScope, registrationId, key: deviceKeyOf(groupKey, registrationId) };
  };
  const startedMs = performance.now();
  expect(await registerDevice(endpoint, host, identity('https'))).toMatchObject({ status: 'assigned' });
  expect(await registerOverMqtt(service, { transport: 'Mqtt', ...identity('mqtt') })).toMatchObject({ status: 'assigned' });
  expect(await registerOverAmqp(service, { transport: 'Amqp', ...identity('amqp') })).toMatchObject({ status: 'assigned' });
  return performance.now() - startedMs;
}

test(
  `${CONNECTIONS} idle connections are held at one time, in bounded memory, while others are served`,
  async () => {
    const aloneMs = await serveOthers('before');
    const beforeKb = await residentKilobytes();
    const startedMs = performance.now();
    const held = await hold(CONNECTIONS);
    const openedMs = performance.now() - startedMs;
    expect(held.every((socket) => !socket.destroyed)).toBe(true);
    expect(await gauge('mqtt.connections')).toBe(CONNECTIONS);
    expect(await gauge('tcp.connections')).toBeGreaterThanOrEqual(CONNECTIONS);
    const besideMs = await serveOthers('beside');
    const heldKb = await residentKilobytes();
    expect(held.every((socket) => !socket.destroyed)).toBe(true);
    expect(heldKb - beforeKb).toBeLessThan(KILOBYTES_BESIDE_MAX + CONNECTIONS * KILOBYTES_PER_CONNECTION_MAX);
    for (const socket of held) socket.destroy();
    await until('all are gone', async () => (await gauge('mqtt.connections')) === 0);
    await serveOthers('after');
    const facts = [
      `${held.length} connections opened in ${(openedMs / 1000).toFixed(1)} s (${Math.round(held.length / (openedMs / 1000))}/s)`,
      `memory ${Math.round(beforeKb / 1024)} MB before, ${Math.round(heldKb / 1024)} MB held`,
      `${((heldKb - beforeKb) / held.length).toFixed(0)} KB each`,
      `three registrations ${Math.round(aloneMs)} ms alone, ${Math.round(besideMs)} ms beside them`,
    ];
    process.stdout.write(`idle connections: ${facts.join('; ')}\n`);
  },
  TIMEOUT_MS,
);
