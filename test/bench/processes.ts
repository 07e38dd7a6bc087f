import { readFile, readdir } from 'node:fs/promises';

/** Processor time used so far by the three parties that share the machine, in seconds. */
export interface CpuTimes {
  readonly service: number;
  readonly postgres: number;
  readonly generator: number;
}

export interface Memory {
  readonly residentMb: number;
  readonly peakMb: number;
}

/** USER_HZ: what /proc counts in on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const KB_PER_MB = 1024;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
  /** Of children that have ended. */
  readonly childTicks: number;
}

/** Reads /proc, so only on Linux: elsewhere there is nothing to say and everything is NaN. */
export class Processes {
  constructor(private readonly servicePid: number) {}

  async cpu(): Promise<CpuTimes> {
    const { user, system } = process.cpuUsage();
    const generator = (user + system) / 1e6;
    const stats = await readStats();
    const service = stats.find(({ pid }) => pid === this.servicePid);
    if (service === undefined) return { service: NaN, postgres: NaN, generator };
    const postgres = descendants(stats, this.servicePid).reduce((sum, { ticks, childTicks }) => sum + ticks + childTicks, 0);
    return { service: service.ticks / TICKS_PER_SECOND, postgres: postgres / TICKS_PER_SECOND, generator };
  }

  async memory(): Promise<Memory> {
    const status = await readFile(`/proc/${this.servicePid}/status`, 'utf8').catch(() => '');
    const mb = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? NaN) / KB_PER_MB;
    return { residentMb: mb('VmRSS'), peakMb: mb('VmHWM') };
  }
}

export function cpuBetween(before: CpuTimes, after: CpuTimes): CpuTimes {
  return {
    service: after.service - before.service,
    postgres: after.postgres - before.postgres,
    generator: after.generator - before.generator,
  };
}

function descendants(stats: readonly Stat[], ancestor: number): Stat[] {
  const children = stats.filter(({ parent }) => parent === ancestor);
  return children.flatMap((child) => [child, ...descendants(stats, child.pid)]);
}

async function readStats(): Promise<Stat[]> {
  const names = await readdir('/proc').catch(() => []);
  const texts = await Promise.all(
    names.filter((name) => /^\d+$/.test(name)).map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
  );
  return texts.flatMap(statIn);
}

/** The program's name may hold anything, so fields are counted from its closing parenthesis. */
function statIn(text: string): Stat[] {
  const end = text.lastIndexOf(')');
  if (end < 0) return [];
  const fields = text
    .slice(end + 2)
    .split(' ')
    .map(Number);
  const [, parent = 0] = fields;
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15);
  return [{ pid: Number.parseInt(text, 10), parent, ticks: user + system, childTicks: childUser + childSystem }];
}
