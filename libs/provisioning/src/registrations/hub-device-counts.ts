import { countHubDevicesAmong } from '../read-models/hub-membership.queries';
import { ReadDatabase } from '../shared/read-database';
import type { Clock } from '../shared/tokens';

/** How old a count may be before it is made again. */
const COUNT_AGE_MS_MAX = 1_000;

interface Counts {
  readonly devices: Map<string, number>;
  readonly readAtMs: number;
}

/** Assignments of this process that the read model does not show yet. */
const NOTES_MAX = 10_000;
/** An assignment that is not shown by then has failed, or the read model stands still. */
const NOTE_AGE_MS_MAX = 60_000;

interface Note {
  readonly hub: string;
  readonly atMs: number;
}

/**
 * How many devices each hub has, about: from the read model, at most a second old, and with what this process has assigned that is
 * not in there yet. A hub may get a few devices more than its capacity when several processes fill it at once.
 */
export class HubDeviceCounts {
  private known: Counts | undefined;
  /** By registration id in lower case. */
  private readonly notes = new Map<string, Note>();
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
  noteAssigned(hub: string, registrationId: string): void {
    if (this.notes.size >= NOTES_MAX) this.notes.clear();
    this.notes.set(registrationId.toLowerCase(), { hub, atMs: this.clock().getTime() });
    add(this.known?.devices, hub);
  }

  private async count(): Promise<Counts | undefined> {
    const readAtMs = this.clock().getTime();
    try {
      const counts = await countHubDevicesAmong(this.database, [...this.notes.keys()]);
      const devices = new Map(counts.map((count) => [count.hub, count.devices]));
      for (const { hub, among } of counts) for (const key of among) if (this.notes.get(key)?.hub === hub) this.notes.delete(key);
      for (const [key, { hub, atMs }] of this.notes) {
        if (readAtMs - atMs > NOTE_AGE_MS_MAX) this.notes.delete(key);
        else add(devices, hub);
      }
      this.known = { devices, readAtMs };
    } catch {
      this.known = undefined;
    }
    return this.known;
  }
}

function add(devices: Map<string, number> | undefined, hub: string): void {
  devices?.set(hub, (devices.get(hub) ?? 0) + 1);
}
