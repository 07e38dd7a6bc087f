import { join } from 'node:path';
import { PgConfig } from '@app/postgres';
import { transports } from '@test/support/sdk-devices';
import { ServiceProcess } from '@test/support/service-process';
import { APPEND_CALLERS, bareAppendRate } from './bare-append';
import { LoopResult, closedLoop, percentile } from './closed-loop';
import { BenchDevice, Fleet, Provisioned } from './fleet';
import { Lag, sampleLag } from './lag-sampler';
import { BenchOptions } from './options';
import { CpuTimes, Processes, cpuBetween } from './processes';
import { Profiler } from './profiler';
import { ProfileSummary, summarizeProfile } from './profile-summary';
import { rebuildAll } from './rebuilds';
import { Figure, PhaseCost } from './report';
import { TlsConnection } from './tls-connection';

export interface BenchResult {
  readonly figures: readonly Figure[];
  readonly costs: readonly PhaseCost[];
  readonly profiles: readonly { readonly name: string; readonly summary: ProfileSummary }[];
}

interface LoadPhase {
  readonly name: string;
  readonly loop: LoopResult;
  readonly lag: Lag;
  readonly acceptedMs: readonly number[];
  readonly polls: number;
}

/** More than any machine of this size provisions in the longest phase; each costs about 1 kB before the clock starts. */
const DEVICES_PER_SECOND = 1_500;
const WARM_UP_DEVICES = 1_500;
const SINGLE_CALLER_DEVICES = 200;
const APPEND_MS = 4_000;
const SDK_CALLERS = 16;
const SDK_PHASE_MS = 4_000;
const SDK_DEVICES_MAX = 8_000;

/** The phases one after the other against one running service. */
export class Bench {
  private readonly figures: Figure[] = [];
  private readonly costs: PhaseCost[] = [];
  private readonly profiles: { name: string; summary: ProfileSummary }[] = [];
  private readonly processes: Processes;
  private readonly config: PgConfig;
  private appendsPerSecond = NaN;

  constructor(
    private readonly service: ServiceProcess,
    dataDir: string,
    private readonly options: BenchOptions,
    private readonly profiler: Profiler,
    private readonly say: (line: string) => void,
  ) {
    this.processes = new Processes(service.pid);
    // The embedded server listens on a socket inside the data directory as long as the directory's path is short.
    this.config = { host: join(dataDir, 'postgres', 'socket'), port: 5432, user: 'postgres', database: 'rehome' };
  }

  async run(): Promise<BenchResult> {
    const fleet = new Fleet(this.service.facts, 'bench');
    const [hubA = '', hubB = ''] = fleet.hubs;
    const connections = await fleet.connect(this.options.callers);
    try {
      await this.appends();
      await this.warmUp(connections);
      await fleet.sendTo(hubA);
      const devices = fleet.devices(this.options.devices ?? (this.options.phaseMs / 1000) * DEVICES_PER_SECOND);
      await this.singleCaller(connections);
      const first = await this.load('first provisioning', fleet, connections, devices, hubA);
      this.addLoad(first, 500);
      const known = devices.slice(0, first.loop.operations);
      this.addLoad(await this.load('registering again, nothing to move', fleet, connections, known, hubA));
      await fleet.sendTo(hubB);
      this.addLoad(await this.load('reprovisioning with migrate', fleet, connections, known, hubB), 250);
      await this.memory();
      await this.transports();
      await this.rebuilds();
    } finally {
      for (const connection of connections) connection.close();
    }
    return { figures: this.figures, costs: this.costs, profiles: this.profiles };
  }

  private async appends(): Promise<void> {
    this.say('bare appends');
    const loop = await bareAppendRate(this.config, APPEND_MS, async (load) => {
      const before = await this.processes.cpu();
      const loop = await load();
      this.addCost('bare append', loop, cpuBetween(before, await this.processes.cpu()));
      return loop;
    });
    this.appendsPerSecond = loop.perSecond;
    const note = `${APPEND_CALLERS} callers, ${latencies(loop)}`;
    this.figures.push({ name: 'bare append', value: loop.perSecond, unit: '/s', ratio: 1, note });
  }

  private async warmUp(connections: readonly TlsConnection[]): Promise<void> {
    this.say('warm-up');
    const fleet = new Fleet(this.service.facts, 'bench-warm-up');
    for (const hub of fleet.hubs) {
      await fleet.sendTo(hub);
      const provision = (connection: TlsConnection, device: BenchDevice) => fleet.provision(connection, device);
      await closedLoop(connections, fleet.devices(WARM_UP_DEVICES), this.options.phaseMs, provision);
    }
  }

  /** What one device meets when nobody else is there. */
  private async singleCaller(connections: readonly TlsConnection[]): Promise<void> {
    this.say('one device at a time');
    const fleet = new Fleet(this.service.facts, 'bench-single');
    await fleet.sendTo(fleet.hubs[0] ?? '');
    const loop = await closedLoop(
      connections.slice(0, 1),
      fleet.devices(SINGLE_CALLER_DEVICES),
      this.options.phaseMs,
      (connection, device) => fleet.provision(connection, device),
    );
    const note = `one device at a time, ${latencies(loop)}`;
    this.figures.push({ name: 'register -> 202, alone', value: percentile(loop.latenciesMs, 0.5), unit: 'ms', note });
  }

  private async load(
    name: string,
    fleet: Fleet,
    connections: readonly TlsConnection[],
    devices: readonly BenchDevice[],
    hub: string,
  ): Promise<LoadPhase> {
    this.say(name);
    const ends: Provisioned[] = [];
    const provision = async (connection: TlsConnection, device: BenchDevice): Promise<void> => {
      const end = await fleet.provision(connection, device);
      if (end.hub !== hub) throw new Error(`${device.registrationId} is at ${end.hub} instead of ${hub}`);
      ends.push(end);
    };
    const before = await this.processes.cpu();
    const { result, file } = await this.profiler.during(this.service.pid, () =>
      sampleLag(this.config, () => closedLoop(connections, devices, this.options.phaseMs, provision)),
    );
    const { result: loop, lag } = result;
    this.addCost(name, loop, cpuBetween(before, await this.processes.cpu()));
    if (file !== undefined) this.profiles.push({ name, summary: await summarizeProfile(file) });
    const acceptedMs = ends.map(({ acceptedAfterMs }) => acceptedAfterMs).sort((a, b) => a - b);
    return { name, loop, lag, acceptedMs, polls: ends.reduce((sum, { polls }) => sum + polls, 0) };
  }

  private addCost(name: string, { operations, elapsedMs }: LoopResult, cpu: CpuTimes): void {
    this.costs.push({ name, operations, elapsedMs, cpu });
  }

  private addLoad({ name, loop, lag, acceptedMs, polls }: LoadPhase, atLeast?: number): void {
    const target = atLeast === undefined ? {} : { target: { atLeast } };
    const note = `${loop.operations} devices, ${latencies(loop)}, ${polls} polls`;
    const ratio = loop.perSecond / this.appendsPerSecond;
    this.figures.push({ name, value: loop.perSecond, unit: '/s', ratio, note, ...target });
    const accepted = `p50 ${percentile(acceptedMs, 0.5).toFixed(1)} ms, ${this.options.callers} callers`;
    this.figures.push({ name: '  register -> 202 p99', value: percentile(acceptedMs, 0.99), unit: 'ms', note: accepted });
    const behind = `p50 ${lag.p50Ms.toFixed(1)} ms, longest ${lag.maxMs.toFixed(1)} ms, ${lag.samples} samples`;
    this.figures.push({ name: '  read-model lag p99', value: lag.p99Ms, unit: 'ms', target: { atMost: 250 }, note: behind });
  }

  /** The doors beside each other: the SDK's own clients, whose cost in this process is part of the figure. */
  private async transports(): Promise<void> {
    const fleet = new Fleet(this.service.facts, 'bench-doors');
    await fleet.sendTo(fleet.hubs[0] ?? '');
    let overHttp = NaN;
    for (const transport of transports) {
      this.say(`unmodified SDK over ${transport}`);
      const callers = Array.from({ length: SDK_CALLERS }, (_, index) => index);
      const ids = Array.from({ length: SDK_DEVICES_MAX }, (_, index) => `${transport.toLowerCase()}-${index}`);
      const before = await this.processes.cpu();
      const loop = await closedLoop(callers, ids, SDK_PHASE_MS, (_caller, id) => fleet.registerBySdk(transport, id));
      this.addCost(`SDK over ${transport}`, loop, cpuBetween(before, await this.processes.cpu()));
      if (transport === 'Http') overHttp = loop.perSecond;
      const note = `${loop.operations} devices, ${latencies(loop)}, ${SDK_CALLERS} callers; ${(loop.perSecond / overHttp).toFixed(2)} of Http`;
      const ratio = loop.perSecond / this.appendsPerSecond;
      this.figures.push({ name: `SDK over ${transport}`, value: loop.perSecond, unit: '/s', ratio, note });
    }
  }

  private async memory(): Promise<void> {
    const { residentMb, peakMb } = await this.processes.memory();
    const note = `now ${residentMb.toFixed(0)} MB; with both reference hubs, without PostgreSQL`;
    this.figures.push({ name: 'memory of the service, peak', value: peakMb, unit: 'MB', target: { atMost: 400 }, note });
  }

  private async rebuilds(): Promise<void> {
    this.say('rebuild of the read models');
    const before = await this.processes.cpu();
    const reports = await rebuildAll(this.config);
    const cpu = cpuBetween(before, await this.processes.cpu());
    const sum = (of: (report: (typeof reports)[number]) => number): number => reports.reduce((all, one) => all + of(one), 0);
    const work = { operations: sum(({ events }) => events), elapsedMs: sum(({ buildMs }) => buildMs) };
    this.costs.push({ name: 'rebuilds, by event (in the generator)', ...work, cpu });
    for (const { projection, events, buildMs, eventsPerSecond: value, timings } of reports) {
      const { waitingForEventsMs, projectingMs, waitingForWritesMs, indexingMs } = timings;
      const parts = `wait for events ${ms(waitingForEventsMs)}, project ${ms(projectingMs)}, wait for writes ${ms(waitingForWritesMs)}`;
      const note = `${events} events in ${ms(buildMs)}: ${parts}, index ${ms(indexingMs)}; equal to the live one`;
      this.figures.push({ name: `rebuild ${projection}`, value, unit: 'events/s', target: { atLeast: 50_000 }, note });
    }
  }
}

function ms(duration: number): string {
  return `${duration.toFixed(0)} ms`;
}

function latencies({ latenciesMs }: LoopResult): string {
  return `p50 ${percentile(latenciesMs, 0.5).toFixed(1)} ms, p99 ${percentile(latenciesMs, 0.99).toFixed(1)} ms`;
}
