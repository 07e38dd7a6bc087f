import { setTimeout as sleep } from 'node:timers/promises';
import { DeviceCalls } from '@test/support/device-calls';
import { Reading, violations } from '@test/support/invariants';
import { LoadEnrollment, Policy, initialTwin } from './load';
import { LoadDevice } from './load-device';
import { MortalService, isLost } from './mortal-service';
import { Random } from './random';
import { readDevice } from './readings';

const KILLS = Number(process.env.REHOME_TEST_KILLS ?? 20);
const SEED = Number(process.env.REHOME_TEST_SEED ?? Date.now() % 1_000_000);

/**
 * How long a life lasts from the moment it answers: short ones cut off what the start took up again, and the longest leave time for
 * some moves, more of it on a machine that is slow to start. Without that a busy machine would get nothing done in any life.
 */
const LIFE_MS_MIN = 20;
const LIFE_MS_MAX = 600;
const LIFE_MAX_IN_STARTS = 3;
const READ_PAUSE_MS = 50;
const KILL_TIMEOUT_MS = 20_000;
const SETTLE_TIMEOUT_MS = 120_000;

/** 80 devices: groups of each policy, and individual ones. */
const groups: readonly (readonly [Policy, number])[] = [
  ['migrate', 16],
  ['reset', 12],
  ['never', 8],
];
const individuals: readonly (readonly [Policy, number])[] = [
  ['migrate', 24],
  ['reset', 12],
  ['never', 8],
];

function population(service: MortalService, random: Random): LoadEnrollment[] {
  return [
    ...groups.map(([policy, size]) => new LoadEnrollment(service, random, `group-${policy}`, policy, size)),
    ...individuals.flatMap(([policy, count]) =>
      Array.from({ length: count }, (_, n) => new LoadEnrollment(service, random, `one-${policy}-${n}`, policy, undefined)),
    ),
  ];
}

/** Reads one device after the other, as a back end and the device itself would. */
async function readOn(
  service: MortalService,
  devices: readonly LoadDevice[],
  random: Random,
  stopping: AbortSignal,
): Promise<Reading[]> {
  const readings: Reading[] = [];
  while (!stopping.aborted) {
    await sleep(READ_PAUSE_MS);
    const device = devices[random.between(0, devices.length - 1)];
    if (device?.hub === undefined) continue;
    try {
      const enrolled = { registrationId: device.id, key: device.key };
      readings.push(...(await readDevice(new DeviceCalls(await service.alive()), enrolled)));
    } catch (error) {
      if (!isLost(error)) throw error;
    }
  }
  return readings;
}

interface Lives {
  readonly startsMs: number[];
  /** Operations that starts found standing. */
  takenUp: number;
  /** Log lines of level error and above. */
  readonly errors: string[];
}

async function killOnAndOn(service: MortalService, random: Random, stopping: AbortSignal): Promise<Lives> {
  const lives: Lives = { startsMs: [], takenUp: 0, errors: [] };
  for (let kill = 0; kill < KILLS && !stopping.aborted; kill++) {
    const longestMs = LIFE_MS_MAX + LIFE_MAX_IN_STARTS * (lives.startsMs.at(-1) ?? 0);
    await sleep(random.between(LIFE_MS_MIN, longestMs));
    const { startMs, output } = await service.killAndRestart();
    lives.startsMs.push(startMs);
    note(lives, output);
  }
  return lives;
}

function note(lives: Lives, output: string): void {
  for (const line of output.split('\n').filter((text) => text.startsWith('{') && text.endsWith('}'))) {
    const { level, operations } = JSON.parse(line) as { level: string | number; operations?: number };
    if (level === 'error' || level === 'fatal' || Number(level) >= 50) lives.errors.push(line);
    lives.takenUp += operations ?? 0;
  }
}

function report(random: Random, lives: Lives, devices: readonly LoadDevice[], startedMs: number): void {
  const sum = (count: (device: LoadDevice) => number): number => devices.reduce((total, device) => total + count(device), 0);
  const starts = [...lives.startsMs].sort((a, b) => a - b).map(Math.round);
  const facts = [
    `seed ${random.seed}`,
    `${lives.startsMs.length} kills in ${Math.round((performance.now() - startedMs) / 1000)} s`,
    `${sum(({ told }) => told.length)} devices told, ${sum(({ writes }) => writes)} twin writes acknowledged`,
    `${lives.takenUp} operations taken up`,
    `starts took ${starts[starts.length >> 1]} ms in the middle, ${starts.at(-1)} ms at most`,
  ];
  process.stdout.write(`random kills: ${facts.join('; ')}\n`);
}

/** When one part has ended or failed, all others are let end as well, so that nothing goes on behind the test's back. Error: the first one. */
async function allEnded(parts: readonly Promise<unknown>[], stop: AbortController): Promise<void> {
  const failures: unknown[] = [];
  const noted = parts.map((part) => part.catch((error: unknown) => failures.push(error)).finally(() => stop.abort()));
  await Promise.all(noted);
  if (failures.length > 0) throw failures[0];
}

/** Of a device that was just reset its initial twin alone, of all others every write that was answered. */
const expectedOf = (policy: Policy): unknown =>
  policy === 'reset' ? { tags: initialTwin.tags, desired: initialTwin.properties.desired, reported: {} } : [];

async function liveThrough(service: MortalService, seed: number): Promise<void> {
  const random = new Random(seed);
  const startedMs = performance.now();
  const enrollments = population(service, random);
  const devices = enrollments.flatMap((enrollment) => enrollment.devices);
  const stop = new AbortController();
  const killing = killOnAndOn(service, new Random(seed + 1), stop.signal);
  const reading = readOn(service, devices, random, stop.signal);
  await allEnded([killing, reading, ...enrollments.map((enrollment) => enrollment.run(stop.signal))], stop);
  const [lives, readings] = await Promise.all([killing, reading]);
  const resets = enrollments.filter(({ policy }) => policy === 'reset');
  for (const enrollment of resets) await enrollment.lastMove();
  report(random, lives, devices, startedMs);

  expect(lives.startsMs).toHaveLength(KILLS);
  expect(lives.errors).toEqual([]);
  const told = devices.flatMap((device) => device.told);
  const saved = enrollments.flatMap((enrollment) => enrollment.saved);
  expect(await violations(service.current, { told, saved, readings })).toEqual([]);
  for (const { policy, devices: members } of enrollments) {
    for (const device of members)
      expect(await (policy === 'reset' ? device.twin() : device.lostWrites())).toEqual(expectedOf(policy));
  }
}

test(
  `nothing acknowledged is lost in ${KILLS} kills at random instants under load, seed ${SEED}`,
  async () => {
    const service = await MortalService.start({ REHOME_LOG_LEVEL: 'warn' });
    await liveThrough(service, SEED).finally(() => service.close());
  },
  KILLS * KILL_TIMEOUT_MS + SETTLE_TIMEOUT_MS,
);
