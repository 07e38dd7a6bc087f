import { CampaignAnswer, campaignUntil, startCampaign } from '@test/support/campaigns';
import { deviceKeyOf } from '@test/support/clients';
import { Device, DeviceCalls } from '@test/support/device-calls';
import { RunningService, startService } from '@test/support/running-service';

/** Where the service is killed, and at which passing of that point: once in every step of a campaign. */
const points = [
  'campaign:select:1',
  'campaign:startWave:1',
  'campaign:sent:2',
  'campaign:watch:3',
  'campaign:endWave:1',
] as const;
const DEVICES = 6;
const WAVE = 3;
const quiet = { REHOME_LOG_LEVEL: 'warn' };
const deadly = (point: string): Record<string, string> => ({ ...quiet, REHOME_FAILPOINTS: point, REHOME_ALLOW_FAILPOINTS: '1' });

// Seven starts of the service, on a busy machine.
jest.setTimeout(240_000);

let service: RunningService;
afterAll(() => service.close());

test('a campaign that is killed in the middle of a wave goes on where it was: every device is sent once and moves once', async () => {
  service = await startService(quiet);
  const [hubA, hubB] = service.hubs;
  const key = await new DeviceCalls(service).enrollGroup('g', { iotHubs: [hubA], allocationPolicy: 'static' });
  const devices = Array.from({ length: DEVICES }, (_, index): Device => {
    const registrationId = `g-${index}`;
    return { registrationId, key: deviceKeyOf(key, registrationId) };
  });
  for (const device of devices) await new DeviceCalls(service).register(device);
  await service.caughtUp();
  await service.process.stop();

  for (const [index, point] of points.entries()) {
    service = await service.restart(deadly(point));
    // The first life may be over before both answers have come; what was not acknowledged is said again.
    const body = { selection: { enrollmentGroupId: 'g' }, hubs: [hubB], waveSize: WAVE };
    if (index === 0) await startCampaign(service, 'c', body);
    const call = async (): Promise<void> => {
      for (const device of devices.slice(0, WAVE)) await new DeviceCalls(service).put(device).catch(() => undefined);
    };
    if (point.startsWith('campaign:endWave')) await call();
    expect([point, await service.process.ended]).toEqual([point, 'SIGKILL']);
  }
  service = await service.restart(quiet);
  const before = await campaignUntil(service, 'c', ({ wave, progress }) => wave === 2 && progress.waiting === WAVE);
  expect(before.progress).toMatchObject({ selected: DEVICES, queued: 0, moved: WAVE });
  for (const device of devices.slice(WAVE)) await movedTo(hubB, device);
  const over = await campaignUntil(service, 'c', ({ status }: CampaignAnswer) => status === 'ended');
  expect(over.progress).toMatchObject({ moved: DEVICES, stayed: 0, failed: 0, recalled: 0 });
  for (const { registrationId } of devices) {
    const { items } = (await new DeviceCalls(service).events(registrationId)).json() as { items: { type: string }[] };
    const types = items.map(({ type }) => type);
    expect(types.filter((type) => type === 'DestinationSet')).toHaveLength(1);
    expect(types.filter((type) => type === 'TwinMigrated')).toHaveLength(1);
  }
});

async function movedTo(hub: string, device: Device): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { registrationState } = await new DeviceCalls(service).register(device);
    if ((registrationState as { assignedHub?: string } | undefined)?.assignedHub === hub) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${device.registrationId} has not moved`);
}
