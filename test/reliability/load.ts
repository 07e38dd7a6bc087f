import { setTimeout as sleep } from 'node:timers/promises';
import { enrollmentGroupStream, individualEnrollmentStream } from '@app/provisioning';
import { deviceKeyOf } from '@test/support/clients';
import { Saved } from '@test/support/invariants';
import { LoadDevice } from './load-device';
import { MortalService } from './mortal-service';
import { Random } from './random';

export type Policy = 'migrate' | 'reset' | 'never';

export const initialTwin = { tags: { site: 'factory' }, properties: { desired: { interval: 60 } } };

const policies = {
  migrate: { updateHubAssignment: true, migrateDeviceData: true },
  reset: { updateHubAssignment: true, migrateDeviceData: false },
  never: { updateHubAssignment: false, migrateDeviceData: false },
} as const;

/** How often an enrollment that is looked at again is sent to the other hub; otherwise its devices only ask again. */
const MOVE_PROBABILITY = 0.8;
const PAUSE_MS_MIN = 50;
const PAUSE_MS_MAX = 600;

interface Keys {
  readonly symmetricKey: { readonly primaryKey: string };
}

/** One enrollment with its devices: an administrator who changes his mind about the hub, and devices that follow. */
export class LoadEnrollment {
  readonly saved: Saved[] = [];
  readonly devices: readonly LoadDevice[];
  private target = 0;

  constructor(
    private readonly service: MortalService,
    private readonly random: Random,
    readonly id: string,
    readonly policy: Policy,
    private readonly groupOf: number | undefined,
  ) {
    const ids = groupOf === undefined ? [id] : Array.from({ length: groupOf }, (_, index) => `${id}-${index}`);
    this.devices = ids.map((registrationId) => new LoadDevice(service, random, registrationId));
  }

  /** Enrolls and registers everybody, then goes on until `stopping`. */
  async run(stopping: AbortSignal): Promise<void> {
    await this.save();
    await this.registerAll();
    const writers = this.devices.map((device) => device.live(stopping));
    while (!stopping.aborted) {
      await sleep(this.random.between(PAUSE_MS_MIN, PAUSE_MS_MAX));
      if (this.random.chance(MOVE_PROBABILITY)) {
        this.target = 1 - this.target;
        await this.save();
      }
      await this.registerAll();
    }
    await Promise.all(writers);
  }

  /** One more move with nobody writing, so that what is there afterwards is the move's alone. */
  async lastMove(): Promise<void> {
    this.target = 1 - this.target;
    await this.save();
    await this.registerAll();
  }

  private async save(): Promise<void> {
    const iotHubs = [this.service.current.hubs[this.target] ?? ''];
    const { id, groupOf } = this;
    const common = { attestation: { type: 'symmetricKey' }, initialTwin, allocationPolicy: 'static', iotHubs };
    const entry = { ...common, reprovisionPolicy: policies[this.policy] };
    const { responseBody } = await this.service.answered<{ responseBody: { etag?: string; attestation: object } }>(
      `saving ${id}`,
      ({ administrator }) =>
        groupOf === undefined
          ? administrator.createOrUpdateIndividualEnrollment({ registrationId: id, ...entry } as never)
          : administrator.createOrUpdateEnrollmentGroup({ enrollmentGroupId: id, ...entry } as never),
    );
    const stream = groupOf === undefined ? individualEnrollmentStream(id) : enrollmentGroupStream(id);
    this.saved.push({ stream, etag: responseBody.etag ?? '', iotHubs });
    const { primaryKey } = (responseBody.attestation as Keys).symmetricKey;
    for (const device of this.devices) device.key = groupOf === undefined ? primaryKey : deviceKeyOf(primaryKey, device.id);
  }

  /** Everybody asks, and is told what the policy says: the listed hub, or with *never* the first one for ever. */
  private async registerAll(): Promise<void> {
    const hub = this.service.current.hubs[this.policy === 'never' ? 0 : this.target] ?? '';
    await Promise.all(this.devices.map((device) => device.register(hub)));
  }
}
