import { Inject, Injectable } from '@nestjs/common';
import type { HubGateway } from '@app/hub-gateway';
import { countHubDevices } from '../read-models/hub-membership.queries';
import { LinkedHubs } from '../hubs/linked-hubs';
import type { ReadDatabase } from '../shared/read-database';
import { CLOCK, HUB_GATEWAY, READ_DATABASE } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import {
  FailureCount,
  MinuteCount,
  StatusCount,
  countAssigning,
  countFailures,
  countStatuses,
  recentMinutes,
} from './fleet-status.queries';
import { Remembered } from './remembered';

export interface HubStatus {
  readonly hub: string;
  readonly linked: boolean;
  /** False when this process had no answer lately; true also when it has not asked. */
  readonly answers: boolean;
  readonly devices: number;
  readonly capacity: number | null;
  readonly allocationWeight: number;
  readonly cordoned: boolean;
  readonly draining: boolean;
  readonly location: string;
}

/** The fleet at a glance; times are ISO 8601 UTC. */
export interface FleetStatus {
  readonly at: string;
  readonly devices: number;
  readonly statuses: readonly StatusCount[];
  readonly hubs: readonly HubStatus[];
  readonly failures: readonly FailureCount[];
  /** The last hour, by minute. */
  readonly minutes: readonly MinuteCount[];
}

/** Counts are shared by all who watch and are at most some seconds old at a large fleet; `assigning` is always counted anew. */
@Injectable()
export class FleetStatusReader {
  private readonly statuses: Remembered<StatusCount[]>;
  private readonly hubCounts: Remembered<Awaited<ReturnType<typeof countHubDevices>>>;
  private readonly failures: Remembered<FailureCount[]>;
  private readonly minutes: Remembered<MinuteCount[]>;

  constructor(
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HUB_GATEWAY) private readonly gateway: HubGateway,
    private readonly linkedHubs: LinkedHubs,
  ) {
    this.statuses = new Remembered(() => countStatuses(database));
    this.hubCounts = new Remembered(() => countHubDevices(database));
    this.failures = new Remembered(() => countFailures(database));
    this.minutes = new Remembered(() => recentMinutes(database));
  }

  async read(): Promise<FleetStatus> {
    const [statuses, assigning, hubs, failures, minutes] = await Promise.all([
      this.statuses.get(),
      countAssigning(this.database),
      this.hubs(),
      this.failures.get(),
      this.minutes.get(),
    ]);
    return {
      at: this.clock().toISOString(),
      devices: statuses.reduce((sum, { devices }) => sum + devices, 0),
      statuses: statuses.map((each) => (each.status === 'assigning' ? { ...each, devices: assigning } : each)),
      hubs,
      failures,
      minutes,
    };
  }

  private async hubs(): Promise<HubStatus[]> {
    const [{ linked }, counts] = await Promise.all([this.linkedHubs.read(), this.hubCounts.get()]);
    const devices = new Map(counts.map((each) => [each.hub, each.devices]));
    const names = [...new Set([...linked.keys(), ...devices.keys()])].sort();
    const silent = this.gateway.unreachableHubs();
    return names.map((hub) => {
      const known = linked.get(hub);
      return {
        hub,
        linked: known !== undefined,
        answers: !silent.has(hub),
        devices: devices.get(hub) ?? 0,
        capacity: known?.capacity ?? null,
        allocationWeight: known?.allocationWeight ?? 0,
        cordoned: known?.cordoned ?? false,
        draining: known?.draining ?? false,
        location: known?.location ?? '',
      };
    });
  }
}
