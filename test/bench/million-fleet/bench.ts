import { parseArgs } from 'node:util';
import { RunningService, startService } from '@test/support/running-service';
import { Figure, figuresTable } from '../report';
import { measureInBrowser } from './in-browser';
import { measureCounts, measureDevicePages, measureSearches } from './over-http';
import { diskOf, preparePast, registerModels, settle, verified } from './prepare';
import { say } from './timing';

const DEVICES_DEFAULT = '1000000';
const env = { REHOME_LOG_LEVEL: 'warn' };

async function measure(service: RunningService, devices: number): Promise<Figure[]> {
  return [
    ...(await measureCounts(service)),
    ...(await measureSearches(service, devices)),
    ...(await measureDevicePages(service, devices)),
    ...(await measureInBrowser(service, devices)),
    await verified(service),
    await diskOf(service, devices),
  ];
}

/** The dashboard before a large fleet whose past is written for it and gone afterwards. */
export async function benchMillionFleet(args: readonly string[]): Promise<void> {
  const options = { devices: { type: 'string', default: DEVICES_DEFAULT } } as const;
  const devices = Number(parseArgs({ args: [...args], options }).values.devices);
  if (!Number.isInteger(devices) || devices < 1_000 || devices > 9_999_999)
    throw new RangeError('--devices is a whole number from 1000 to 9999999');
  const ending = new AbortController();
  let service: RunningService | undefined;
  // What is under way then fails, and all is stopped and removed as after any failure.
  const end = (): void => {
    ending.abort(new Error('interrupted'));
    service?.process.kill('SIGTERM');
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end);
  try {
    service = await startService(env);
    const models = await registerModels(service);
    await service.process.stop();
    const prepared = await preparePast(service.dataDir, devices, models, ending.signal);
    service = await service.restart(env);
    ending.signal.throwIfAborted();
    await settle(service);
    say(['', figuresTable([...prepared, ...(await measure(service, devices))]), ''].join('\n'));
  } finally {
    await service?.close();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end);
  }
}
