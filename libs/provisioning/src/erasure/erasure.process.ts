import { CommandBus } from '@nestjs/cqrs';
import { EventStore, StateReader, handleCommand } from '@app/event-sourcing';
import { HubGateway } from '@app/hub-gateway';
import { SubjectKeys } from '@app/sealing';
import { DeleteEnrollment } from '../enrollments/enrollment.commands';
import { EnrollmentReader } from '../enrollments/enrollment.reader';
import { LinkedHubs } from '../hubs/linked-hubs';
import { text } from '../read-models/columns';
import { tableName } from '../read-models/table-name';
import { RegistrationStore } from '../registrations/registration.store';
import { currentAssignment } from '../registrations/registration.state';
import { ReadDatabase } from '../shared/read-database';
import { RequestContext, commandContext } from '../shared/request-context';
import { ErasureCommand, ErasureState, erasureDecider } from './erasure.decider';
import { ErasureEvent, erasureCodec, erasureStream } from './erasure.events';
import { erasuresProjection } from './erasures.projection';
import { deviceSubject } from './provisioning.sealing';

/** Erasures taken up in one look. */
const BATCH_MAX = 50;
const STATES_MAX = 1_000;

const openErasures = {
  name: 'erasures-open',
  text: `select registration_id from ${tableName(erasuresProjection)} where status = 'requested' order by registration_key limit ${BATCH_MAX}`,
};

export interface ErasureProcessOptions {
  readonly store: EventStore;
  readonly registrations: RegistrationStore;
  readonly enrollments: EnrollmentReader;
  readonly commands: CommandBus;
  readonly hubs: LinkedHubs;
  readonly gateway: Pick<HubGateway, 'eraseDevice'>;
  readonly keys: SubjectKeys;
  readonly database: ReadDatabase;
  readonly now: () => Date;
  readonly failpoint: (name: string) => void;
  readonly log: { warn(details: Record<string, unknown>, message: string): void };
}

type Place = Extract<ErasureEvent, { type: 'DeviceDataErased' }>['data']['hubs'][number];

/**
 * The process manager of erasures. Every step may be taken again: the device leaves its hub, hubs destroy what they hold of it, the
 * registration and if wanted the enrollment go, and at last the key, without which nothing of the device in the log can be read.
 */
export class ErasureProcess {
  private readonly states: StateReader<ErasureState, ErasureEvent>;
  private readonly runs = new Map<string, Promise<ErasureState>>();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly options: ErasureProcessOptions) {
    this.states = new StateReader(options.store, erasureDecider, erasureCodec, { statesMax: STATES_MAX });
  }

  async read(registrationId: string): Promise<ErasureState> {
    return (await this.states.read(erasureStream(registrationId))).state;
  }

  async handle(registrationId: string, command: ErasureCommand, request: RequestContext): Promise<ErasureState> {
    const { store } = this.options;
    const handling = { store, states: this.states, decider: erasureDecider, codec: erasureCodec };
    return (await handleCommand(handling, commandContext(erasureStream(registrationId), request), command)).state;
  }

  /** Takes an erasure as far as it goes; a second call while one is under way joins it. */
  run(registrationId: string): Promise<ErasureState> {
    const key = registrationId.toLowerCase();
    const underWay = this.runs.get(key);
    if (underWay !== undefined) return underWay;
    const run = this.advance(key).finally(() => this.runs.delete(key));
    this.runs.set(key, run);
    return run;
  }

  start(pollMs: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.look().finally(() => this.start(pollMs)), pollMs);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await Promise.allSettled(this.runs.values());
  }

  private async look(): Promise<void> {
    const { database, log } = this.options;
    try {
      const rows = await database.query({ ...openErasures, values: [] });
      for (const row of rows) {
        const registrationId = text(row, 'registration_id');
        await this.run(registrationId).catch((err: unknown) =>
          log.warn({ err, registrationId }, 'an erasure did not get through; it is tried again'),
        );
      }
    } catch (err) {
      log.warn({ err }, 'could not look for erasures');
    }
  }

  private async advance(registrationId: string): Promise<ErasureState> {
    const { registrations, keys, failpoint, now } = this.options;
    const erasure = await this.read(registrationId);
    if (erasure.status !== 'requested') return erasure;
    const { state } = await registrations.read(registrationId);
    // Its move ends first; then it is looked at again.
    if (state.status === 'assigning') return erasure;
    const context: RequestContext = {
      actor: { kind: 'system', name: 'erasure' },
      correlationId: await this.correlationOf(registrationId),
    };
    const hubs = await this.eraseAtHubs(registrationId, currentAssignment(state));
    failpoint('erasure:hubs');
    if (state.status !== 'unassigned') {
      await registrations.handle(registrationId, { type: 'DeleteRecord', at: now().toISOString() }, context);
    }
    failpoint('erasure:registration');
    if (erasure.deleteEnrollment) await this.deleteEnrollment(registrationId, context);
    failpoint('erasure:enrollment');
    await keys.destroy(deviceSubject(registrationId));
    failpoint('erasure:key');
    return this.handle(registrationId, { type: 'CompleteErasure', hubs, at: now().toISOString() }, context);
  }

  private async eraseAtHubs(
    registrationId: string,
    current: { readonly hub: string; readonly deviceId: string } | null,
  ): Promise<Place[]> {
    const places = await this.options.registrations.placesOf(registrationId);
    const erased: Place[] = [];
    for (const { hub, deviceId } of places) {
      const connection = await this.options.hubs.connectionTo(hub);
      if (connection === undefined) {
        erased.push({ hub, deviceId, outcome: 'notLinked' });
        continue;
      }
      const isThere = current !== null && current.hub === hub && current.deviceId === deviceId;
      const outcome = await this.options.gateway.eraseDevice(connection, deviceId, { deletes: isThere });
      erased.push({ hub, deviceId, outcome });
    }
    return erased;
  }

  private async deleteEnrollment(registrationId: string, context: RequestContext): Promise<void> {
    const { enrollments, commands } = this.options;
    if ((await enrollments.find('individual', registrationId)) === undefined) return;
    await commands.execute(new DeleteEnrollment({ kind: 'individual', id: registrationId }, undefined, context));
  }

  /** That of the request, so that all of it is one conversation. */
  private async correlationOf(registrationId: string): Promise<string> {
    const { events } = await this.options.store.readStream(erasureStream(registrationId), { direction: 'backward', maxCount: 1 });
    return events[0]?.metadata.correlationId ?? registrationId;
  }
}
