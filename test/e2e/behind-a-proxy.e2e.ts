import { once } from 'node:events';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect, TLSSocket } from 'node:tls';
import { issue, TestCertificate } from '@test/support/certificates';
import { DeviceCalls, Enrolled } from '@test/support/device-calls';
import { RawMqtt } from '@test/support/raw-mqtt';
import { RunningService, startService } from '@test/support/running-service';

/** Proxies with addresses of their own on loopback: one passes TLS on behind a PROXY header, one ends TLS. */
const TCP_PROXY = '127.0.0.2';
const TLS_PROXY = '127.0.0.3';
const ANYBODY = '127.0.0.1';
const CLIENT = '192.0.2.10';
const proxyLine = (address = CLIENT): string => `PROXY TCP4 ${address} 10.0.0.1 12345 443\r\n`;
/** Version 2 of the same. */
const proxyBytes = Buffer.from('0d0a0d0a000d0a515549540a2111000cc000020a0a000001303901bb', 'hex');

let service: RunningService;
let device: Enrolled;
let owner: TestCertificate;

beforeAll(async () => {
  service = await startService({
    REHOME_PROXY_PROTOCOL: TCP_PROXY,
    REHOME_FORWARDED_CLIENT_CERT: TLS_PROXY,
    REHOME_CONNECTIONS_PER_ADDRESS_MAX: '12',
  });
  device = await new DeviceCalls(service).enroll({}, 'proxied');
  owner = await issue({ name: 'certified' });
  await service.administrator.createOrUpdateIndividualEnrollment({
    registrationId: 'certified',
    attestation: { type: 'x509', x509: { clientCertificates: { primary: { certificate: owner.pem } } } },
  } as never);
});
afterAll(() => service.close());

interface Way {
  readonly from: string;
  /** Sent before TLS. */
  readonly header?: string | Buffer;
  readonly own?: TestCertificate;
}

async function reach(port: number, { from, header = '', own }: Way): Promise<TLSSocket> {
  const raw = connectTcp({ port, host: '127.0.0.1', localAddress: from });
  raw.on('error', () => raw.destroy());
  await once(raw, 'connect');
  if (header.length > 0) raw.write(header);
  const certificate = own === undefined ? {} : { cert: own.pem, key: own.keyPem };
  const socket = connect({ socket: raw, ca: service.endpoint.ca, servername: 'localhost', ...certificate });
  socket.on('error', () => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

/** The status of a registration over HTTPS. */
async function register(id: string, way: Way, headers: Readonly<Record<string, string>>): Promise<number> {
  const socket = await reach(service.facts.port, way);
  const body = JSON.stringify({ registrationId: id });
  const sent = request({
    createConnection: () => socket,
    method: 'PUT',
    path: `/${service.facts.idScope}/registrations/${id}/register?api-version=2019-03-31`,
    headers: { host: 'localhost', 'content-type': 'application/json', 'content-length': body.length, ...headers },
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [{ statusCode: number }];
  socket.destroy();
  return response.statusCode;
}

const byCertificate = (way: Way, headers: Readonly<Record<string, string>>): Promise<number> =>
  register('certified', way, headers);
const certificateHeader = ({ pem }: TestCertificate): string => `:${pem.replace(/-----[^-]+-----|\s/g, '')}:`;
/** A word in the log after which everything is about the call. */
const logged = (start: number): string => service.process.output().slice(start);

async function loggedSince(start: number, text: string): Promise<void> {
  for (let n = 0; n < 200 && !logged(start).includes(text); n++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(logged(start)).toContain(text);
}

describe('a proxy that passes TLS on', () => {
  it.each([
    ['version 1', proxyLine()],
    ['version 2', proxyBytes],
  ])('names the client, whose address the service works with over HTTPS: %s', async (_what, header) => {
    const start = service.process.output().length;
    expect(await register('proxied', { from: TCP_PROXY, header }, { authorization: 'SharedAccessSignature sr=x' })).toBe(401);
    await loggedSince(start, `"remoteAddress":"${CLIENT}"`);
  });

  it('which is where geo-latency takes the device to call from', async () => {
    const calls = new DeviceCalls(service);
    for (const [network, hub, latencyMs] of [
      ['192.0.2.0/24', service.hubs[0], 80],
      ['192.0.2.0/24', service.hubs[1], 5],
      ['127.0.0.0/8', service.hubs[0], 5],
      ['127.0.0.0/8', service.hubs[1], 80],
    ] as const) {
      await service.manage('POST', '/latency-measurements', { network, hub, latencyMs });
    }
    const ways = { far: { from: TCP_PROXY, header: proxyLine() }, here: { from: ANYBODY } };
    for (const [name, way] of Object.entries(ways)) {
      const traveller = await calls.enroll({ allocationPolicy: 'geoLatency' }, `geo-${name}`);
      expect(await register(traveller.registrationId, way, { authorization: calls.tokenFor(traveller) })).toBe(202);
    }
    await service.caughtUp();
    const hubOf = async (id: string) =>
      ((await service.manage('GET', `/devices/${id}`)).json() as { assignedHub: string }).assignedHub;
    expect([await hubOf('geo-far'), await hubOf('geo-here')]).toEqual([service.hubs[1], service.hubs[0]]);
  });

  it('names it over MQTT as well', async () => {
    const start = service.process.output().length;
    const client = new RawMqtt(await reach(service.facts.mqttPort, { from: TCP_PROXY, header: proxyLine() }));
    const userName = `${service.facts.idScope}/registrations/proxied/api-version=2019-03-31`;
    expect(await client.connect({ clientId: 'proxied', userName, password: 'wrong' })).toBe(5);
    await loggedSince(start, `"remoteAddress":"${CLIENT}"`);
  });

  it('names it over AMQP as well', async () => {
    const start = service.process.output().length;
    const socket = await reach(service.facts.amqpPort, { from: TCP_PROXY, header: proxyBytes });
    socket.resume().write('no AMQP at all');
    if (!socket.closed) await once(socket, 'close');
    await loggedSince(start, `"remoteAddress":"${CLIENT}"`);
  });

  it('must name it, and nobody else can', async () => {
    const start = service.process.output().length;
    await expect(reach(service.facts.mqttPort, { from: TCP_PROXY })).rejects.toThrow();
    await loggedSince(start, '"reason":"proxy-header"');
    await expect(reach(service.facts.mqttPort, { from: ANYBODY, header: proxyLine() })).rejects.toThrow();
    expect(logged(start)).not.toContain(CLIENT);
  });

  it('brings many clients, each with a bound of its own', async () => {
    const { mqttPort } = service.facts;
    const [full, other] = ['198.51.100.1', '198.51.100.2'].map((address) => ({ from: TCP_PROXY, header: proxyLine(address) }));
    if (full === undefined || other === undefined) throw new Error('two ways are needed');
    const held = await Promise.all(Array.from({ length: 12 }, () => reach(mqttPort, full)));
    const start = service.process.output().length;
    await expect(reach(mqttPort, full)).rejects.toThrow();
    await loggedSince(start, '"reason":"too-many-from-address","remoteAddress":"198.51.100.1"');
    (await reach(mqttPort, other)).destroy();
    for (const socket of held) socket.destroy();
  });
});

describe('a proxy that ends TLS', () => {
  it('hands over the certificate of the device, which is judged as if it had come in TLS', async () => {
    const stranger = await issue({ name: 'certified' });
    expect(await byCertificate({ from: TLS_PROXY }, { 'client-cert': certificateHeader(owner) })).toBe(202);
    expect(await byCertificate({ from: TLS_PROXY }, { 'client-cert': certificateHeader(stranger) })).toBe(401);
    expect(await register('proxied', { from: TLS_PROXY }, { 'client-cert': certificateHeader(owner) })).toBe(401);
  });

  it('does not lend a device its own certificate', async () => {
    expect(await byCertificate({ from: ANYBODY, own: owner }, {})).toBe(202);
    expect(await byCertificate({ from: TLS_PROXY, own: owner }, {})).toBe(401);
  });

  it.each([
    ['from an address that is not listed', { from: ANYBODY }],
    ['behind a PROXY header that names a listed one', { from: TCP_PROXY, header: proxyLine(TLS_PROXY) }],
  ])('is not believed %s', async (_what, way) => {
    expect(await byCertificate(way, { 'client-cert': certificateHeader(owner) })).toBe(401);
  });

  it('is refused with headers that are none, which is counted', async () => {
    expect(await byCertificate({ from: TLS_PROXY }, { 'client-cert': 'MIIB' })).toBe(400);
    const { items } = (await service.manage('GET', '/connections')).json() as { items: { name: string; value: number }[] };
    const counted = new Map(items.map(({ name, value }) => [name, value]));
    for (const name of [
      'https.refused.forwarded-certificate',
      'mqtt.refused.proxy-header',
      'mqtt.refused.too-many-from-address',
      'tcp.connections',
    ]) {
      expect([name, counted.get(name)]).toEqual([name, expect.any(Number)]);
    }
    expect(device.registrationId).toBe('proxied');
  });
});
