/** What a simulated device does at the moment. */
export const deviceStates = ['waiting', 'registering', 'living', 'failed'] as const;
export type DeviceState = (typeof deviceStates)[number];

/** What a simulation is to be. */
export interface Plan {
  readonly devices: number;
  readonly durationS: number;
}

export interface Summary {
  /** Those that have begun. */
  readonly devices: number;
  readonly devicesPlanned: number;
  readonly states: Readonly<Record<DeviceState, number>>;
  readonly hubs: readonly { readonly hub: string; readonly devices: number }[];
  readonly registrations: number;
  readonly registrationsPerSecond: number;
  readonly moved: number;
  readonly reports: number;
  /** Connections to a hub that the hub ended. */
  readonly disconnections: number;
  readonly failures: number;
  readonly lastFailure: string | null;
  readonly elapsedS: number;
  readonly durationS: number;
  /** Ended by Ctrl-C, before its time. */
  readonly interrupted: boolean;
}

/** Counts what devices do. */
export class Tally {
  private readonly states = new Map<string, DeviceState>();
  private readonly hubs = new Map<string, string>();
  private readonly startedMs: number;
  private registrations = 0;
  private moves = 0;
  private reportsSent = 0;
  private disconnections = 0;
  private failures = 0;
  private lastFailure: string | null = null;
  private isInterrupted = false;

  constructor(
    private readonly plan: Plan,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.startedMs = nowMs();
  }

  is(device: string, state: DeviceState): void {
    this.states.set(device, state);
  }

  registered(device: string, hub: string): void {
    const before = this.hubs.get(device);
    this.registrations++;
    if (before !== undefined && before !== hub) this.moves++;
    this.hubs.set(device, hub);
  }

  reported(): void {
    this.reportsSent++;
  }

  disconnected(): void {
    this.disconnections++;
  }

  failed(device: string, why: string): void {
    this.states.set(device, 'failed');
    this.failures++;
    this.lastFailure = `${device}: ${why}`;
  }

  interrupted(): void {
    this.isInterrupted = true;
  }

  summary(): Summary {
    const states = { waiting: 0, registering: 0, living: 0, failed: 0 };
    for (const state of this.states.values()) states[state]++;
    const perHub = new Map<string, number>();
    for (const hub of this.hubs.values()) perHub.set(hub, (perHub.get(hub) ?? 0) + 1);
    const elapsedS = (this.nowMs() - this.startedMs) / 1_000;
    return {
      devices: this.states.size,
      devicesPlanned: this.plan.devices,
      states,
      hubs: [...perHub].map(([hub, devices]) => ({ hub, devices })).sort((a, b) => (a.hub < b.hub ? -1 : 1)),
      registrations: this.registrations,
      registrationsPerSecond: Math.round((this.registrations * 10) / Math.max(elapsedS, 0.1)) / 10,
      moved: this.moves,
      reports: this.reportsSent,
      disconnections: this.disconnections,
      failures: this.failures,
      lastFailure: this.lastFailure,
      elapsedS: Math.round(elapsedS * 10) / 10,
      durationS: this.plan.durationS,
      interrupted: this.isInterrupted,
    };
  }
}
