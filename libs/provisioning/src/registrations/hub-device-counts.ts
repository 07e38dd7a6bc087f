import { countHubDevices } from '../read-models/hub-membership.queries';
import { ReadDatabase } from '../shared/read-database';
import type { Clock } from '../shared/tokens';

/** How old a count may be before it is made again. */
const COUNT_AGE_MS_MAX = 1_000;

interface Counts {
  readonly devices: Map<string, number>;
  readonly readAtMs: number;
}

/**
 * How many devices each hub has, about: from the read model, at most a second old, and with what this process has assigned since. A
 * hub may so get a few devices more than its capacity when several processes fill it at once.
 */
export class HubDeviceCounts {
  private known: Counts | undefined;
  private reading: Promise<Counts | undefined> | undefined;

  constructor(
    private readonly database: ReadDatabase,
    private readonly clock: Clock,
  ) {}

  /** By host name; a hub without devices is not there. Undefined where it could not be counted, which must not stop registrations. */
  async read(): Promise<ReadonlyMap<string, number> | undefined> {
    const { known } = this;
    if (known !== undefined && this.clock().getTime() - known.readAtMs < COUNT_AGE_MS_MAX) return known.devices;
    this.reading ??= this.count().finally(() => (this.reading = undefined));
    return (await this.reading)?.devices;
  }

  /** A device was just sent to the hub. */
  noteAssigned(hub: string): void {
    const devices = this.known?.devices;
    devices?.set(hub, (devices.get(hub) ?? 0) + 1);
  }

  private async count(): Promise<Counts | undefined> {
    const readAtMs = this.clock().getTime();
    try {
      const counts = await countHubDevices(this.database);
      this.known = { devices: new Map(counts.map(({ hub, devices }) => [hub, devices])), readAtMs };
    } catch {
      this.known = undefined;
    }
    return this.known;
  }
}
