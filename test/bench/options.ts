import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Longest time of each load phase. */
  readonly phaseMs: number;
  /** At most this many devices in each load phase: the same work in every run, whatever else the machine does. */
  readonly devices: number | undefined;
  /** Devices that register at one time. */
  readonly callers: number;
  /** Where CPU profiles of the service go; none are taken without. */
  readonly profileDir: string | undefined;
}

export const usage = `npm run bench -- [--seconds 12] [--devices <at most>] [--callers 48] [--profile <directory>]`;

const SECONDS_MAX = 120;
const CALLERS_MAX = 256;
const DEVICES_MAX = 200_000;

/** Error: `RangeError` with what is wrong. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      devices: { type: 'string' },
      seconds: { type: 'string', default: '12' },
      callers: { type: 'string', default: '48' },
      profile: { type: 'string' },
    },
  });
  return {
    phaseMs: wholeNumber('--seconds', values.seconds, SECONDS_MAX) * 1000,
    devices: values.devices === undefined ? undefined : wholeNumber('--devices', values.devices, DEVICES_MAX),
    callers: wholeNumber('--callers', values.callers, CALLERS_MAX),
    profileDir: values.profile,
  };
}

function wholeNumber(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max) throw new RangeError(`${name} is a whole number from 1 to ${max}`);
  return value;
}
