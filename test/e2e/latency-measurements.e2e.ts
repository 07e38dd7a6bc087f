import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DeviceCalls } from '@test/support/device-calls';
import { RunningService, startService } from '@test/support/running-service';

let service: RunningService;
let calls: DeviceCalls;
beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  calls = new DeviceCalls(service);
});
afterAll(() => service.close());

const measure = (body: object) => service.manage('POST', '/latency-measurements', body);
const list = async (): Promise<unknown> =>
  ((await service.manage('GET', '/latency-measurements')).json() as { items: unknown }).items;
const network = '127.0.0.0/8';

describe('latencies that agents measure', () => {
  it('place devices that call from there, by their median', async () => {
    const [hubA, hubB] = service.hubs;
    for (const latencyMs of [4, 5, 900]) expect((await measure({ network, hub: hubB, latencyMs })).status).toBe(204);
    for (const latencyMs of [30, 31, 32])
      expect((await measure({ network, hub: hubA.toUpperCase(), latencyMs })).status).toBe(204);
    expect(await list()).toEqual([
      expect.objectContaining({ originKind: 'network', origin: network, hub: hubA, latencyMs: 31, samples: 3 }),
      expect.objectContaining({ originKind: 'network', origin: network, hub: hubB, latencyMs: 5, samples: 3 }),
    ]);
    for (let n = 0; n < 4; n++) {
      const { registrationId } = await calls.enroll({ allocationPolicy: 'geoLatency' }, `measured-${n}`);
      const answer = await service.manage('POST', `/registrations/${registrationId}/preview`, { remoteAddress: '127.0.0.1' });
      expect(answer.text).toContain(`"chosen":"${hubB}"`);
      expect(answer.text).toContain('(5 ms, measured)');
    }
  });

  it('follow a change, and keep a bounded number of samples', async () => {
    const [, hub] = service.hubs;
    for (let n = 0; n < 20; n++) await measure({ region: 'moving', hub, latencyMs: n < 8 ? 10 : 50 });
    expect(await list()).toContainEqual(expect.objectContaining({ origin: 'moving', latencyMs: 50, samples: 15 }));
  });

  it('survive a restart', async () => {
    const before = await list();
    await service.process.stop();
    service = await service.restart();
    calls = new DeviceCalls(service);
    expect(await list()).toEqual(before);
  });

  it.each([
    ['neither region nor network', {}, 400],
    ['both', { region: 'a', network }, 400],
    ['a network that is none', { network: '10.0.0.0/40' }, 400],
    ['a negative latency', { region: 'a', latencyMs: -1 }, 400],
    ['no number', { region: 'a', latencyMs: '5' }, 400],
    ['an hour', { region: 'a', latencyMs: 3_600_000 }, 400],
    ['a hub that is not linked', { region: 'a', hub: 'elsewhere.example' }, 404],
    ['something more', { region: 'a', more: 1 }, 400],
  ])('are refused with %s', async (_what, change, status) => {
    expect((await measure({ hub: service.hubs[0], latencyMs: 5, ...change })).status).toBe(status);
  });

  it('need a credential', async () => {
    const answer = await service.manage('GET', '/latency-measurements', undefined, { authorization: 'Bearer of-nothing' });
    expect(answer.status).toBe(401);
  });

  it('are sent by the probe, which measures connections to the linked hubs', async () => {
    const { port, apiToken, caFile } = service.facts;
    const given = ['--service', `https://localhost:${port}`, '--region', 'probed', '--port', String(port), '--times', '2'];
    const probe = spawn(process.execPath, ['scripts/latency-probe.mjs', ...given], {
      env: { ...process.env, REHOME_API_TOKEN: apiToken, NODE_EXTRA_CA_CERTS: caFile },
    });
    let said = '';
    for (const stream of [probe.stdout, probe.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(probe, 'close')) as [number];
    expect({ code, said }).toEqual({
      code: 0,
      said: expect.stringMatching(/^hub-a\.localhost [\d.]+ ms\nhub-b\.localhost [\d.]+ ms\n$/) as unknown,
    });
    expect(await list()).toContainEqual(expect.objectContaining({ originKind: 'region', origin: 'probed', samples: 1 }));
  });
});
