import { setTimeout as sleep } from 'node:timers/promises';
import { registerRaw, reportProperties } from '@test/support/clients';
import { RunningService, TwinContent, twinAt } from '@test/support/running-service';
import { Told } from '@test/support/invariants';
import { MortalService, isLost } from './mortal-service';
import { Random } from './random';

const API_VERSION = '2021-06-01';
const PARTS = ['tags', 'desired', 'reported'] as const;
type Part = (typeof PARTS)[number];

/** Each write goes to the next of these members, so that the last writes are all still to be seen, not only the very last. */
const MEMBERS = 16;
const PAUSE_MS_MIN = 20;
const PAUSE_MS_MAX = 250;
/** What a hub answers about a device that is leaving or has left. */
const GONE = /^(401|403|404): |^DeviceNotFound|^Unauthorized/;

interface Written {
  /** Of the last write that was answered. */
  acknowledged: number;
  /** Of the last write that was sent. */
  attempted: number;
}

/** A device and its back end: it asks where it belongs, and both write to its twin at the hub it was told. */
export class LoadDevice {
  key = '';
  hub: string | undefined;
  writes = 0;
  readonly told: Told[] = [];
  private readonly members = new Map<string, Written>();
  private desiredVersion = 0;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly service: MortalService,
    private readonly random: Random,
    readonly id: string,
  ) {}

  async register(expectedHub: string): Promise<void> {
    const { operationId, status, registrationState } = await this.service.answered(
      `registering ${this.id}`,
      ({ endpoint, host, facts: { idScope } }) =>
        registerRaw(endpoint, host, { idScope, registrationId: this.id, key: this.key }, API_VERSION),
    );
    const { assignedHub: hub, substatus } = registrationState as { assignedHub: string; substatus: string };
    if (status !== 'assigned') throw new Error(`${this.id} was told: ${JSON.stringify(registrationState)}`);
    if (hub !== expectedHub) throw new Error(`${this.id} was told ${hub} instead of ${expectedHub} by ${operationId}`);
    this.told.push({ registrationId: this.id, operationId, hub, substatus });
    this.hub = hub;
    // A write that is still on its way to the old hub must not meet the device there when the next move brings it back.
    await this.writing;
  }

  /** Writes until `stopping`, also while the device is moved. */
  async live(stopping: AbortSignal): Promise<void> {
    for (let n = 1; !stopping.aborted; n++) {
      await sleep(this.random.between(PAUSE_MS_MIN, PAUSE_MS_MAX));
      const part = PARTS[n % PARTS.length] ?? 'tags';
      await (this.writing = this.write(part, n));
    }
  }

  async twin(): Promise<Pick<TwinContent, Part> | undefined> {
    const twin = await twinAt(this.service.current.registry(this.hub ?? ''), this.id);
    return twin && { tags: twin.tags, desired: twin.desired, reported: twin.reported };
  }

  /** What the twin at the device's hub lacks of the writes that were answered. */
  async lostWrites(): Promise<string[]> {
    const hub = this.hub ?? '';
    const twin = await twinAt(this.service.current.registry(hub), this.id);
    if (twin === undefined) return [`${this.id} is not at ${hub}`];
    const lost = [...this.members].flatMap(([place, { acknowledged, attempted }]) => {
      const [part, member = ''] = place.split('.');
      const found = Number((twin[part as Part] as Record<string, unknown>)[member] ?? 0);
      const kept = found >= acknowledged && found <= attempted;
      return kept ? [] : [`${this.id} has ${place} ${found}, acknowledged was ${acknowledged}, sent ${attempted}`];
    });
    const { desiredVersion } = twin;
    if (desiredVersion >= this.desiredVersion) return lost;
    return [...lost, `${this.id} has version ${desiredVersion} of desired, acknowledged was ${this.desiredVersion}`];
  }

  private async write(part: Part, n: number): Promise<void> {
    const { hub } = this;
    if (hub === undefined) return;
    const member = `w${n % MEMBERS}`;
    const place = `${part}.${member}`;
    const written = this.members.get(place) ?? { acknowledged: 0, attempted: 0 };
    this.members.set(place, written);
    written.attempted = n;
    try {
      await this.send(await this.service.alive(), hub, part, { [member]: n });
      written.acknowledged = n;
      this.writes++;
    } catch (error) {
      const { name, message } = error as Error;
      if (!isLost(error) && !GONE.test(message) && !GONE.test(name)) throw error;
    }
  }

  private async send(service: RunningService, hub: string, part: Part, patch: object): Promise<void> {
    if (part === 'reported') return reportProperties(service.endpoint, hub, this.id, this.key, patch);
    const content = part === 'tags' ? { tags: patch } : { properties: { desired: patch } };
    const { responseBody } = await service.registry(hub).updateTwin(this.id, content, '*');
    const { $version } = responseBody.properties.desired as { readonly $version: number };
    this.desiredVersion = Math.max(this.desiredVersion, $version);
  }
}
