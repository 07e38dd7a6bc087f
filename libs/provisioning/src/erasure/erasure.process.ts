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
import { etagOf } from '../shared/etag';
import { ReadDatabase } from '../shared/read-database';
import { RequestContext, commandContext } from '../shared/request-context';
import { ErasureCommand, ErasureState, erasureDecider } from './erasure.decider';
import { ErasureEvent, erasureCodec, erasureStream } from './erasure.events';
import { erasuresProjection } from './erasures.projection';
import { deviceSubject } from './provisioning.sealing';

/** Erasures taken up in one look. */
const BATCH_MAX = 50;
const STATES_MAX = 1_000;
/** Times that a key is retired before a device that goes on talking is left to the next look; one is enough for one that is quiet. */
const ROUNDS_MAX = 5;

const openErasures = {
  name: 'erasures-open',
  text: `select registration_id from ${tableName(erasuresProjection)} where status = 'requested' order by registration_key limit ${BATCH_MAX}`,
};

export interface ErasureProcessOptions {
  readonly store: EventStore;
  readonly registrations: RegistrationStore;
  readonly enrollments: EnrollmentReader;
  readonly commands: Pick<CommandBus, 'execute'>;
  readonly hubs: Pick<LinkedHubs, 'connectionTo'>;
  readonly gateway: Pick<HubGateway, 'eraseDevice'>;
  readonly keys: SubjectKeys;
  readonly database: ReadDatabase;
  readonly now: () => Date;
  readonly failpoint: (name: string) => void;
  readonly log: { warn(details: Record<string, unknown>, message: string): void };
}

class SaidMeanwhile extends Error {
  constructor(registrationId: string) {
    super(`${registrationId} was heard of while it was being erased`);
  }
}

type Place = Extract<ErasureEvent, { type: 'DeviceDataErased' }>['data']['hubs'][number];

/**
 * The process manager of erasures. Every step may be taken again: the device leaves its hub, hubs destroy what they hold of it, its key
 * is taken out of use, the enrollment if wanted and the registration go, and at last the key, without which nothing of the device in
 * the log can be read.
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
    const { state, revision } = await registrations.read(registrationId);
    // Its move ends first; then it is looked at again.
    if (state.status === 'assigning') return erasure;
    const context: RequestContext = {
      actor: { kind: 'system', name: 'erasure' },
      correlationId: await this.correlationOf(registrationId),
    };
    const hubs = await this.eraseAtHubs(registrationId, currentAssignment(state));
    failpoint('erasure:hubs');
    if (!(await this.end(registrationId, revision, erasure.deleteEnrollment, context))) return erasure;
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

  /**
   * Ends the enrollment, if wanted, and the registration, at revisions up to which all is sealed under keys that nobody has any more.
   * By the revision that it expects, an append under such a key comes before the end or not at all; what is said after the end, by a
   * device that comes back, has a key of its own. False when it is to be looked at again: something is in the way, or the device has
   * registered since its hubs were asked to forget it, and so may be at one again.
   */
  private async end(
    registrationId: string,
    revisionAtHubs: bigint | undefined,
    deletesEnrollment: boolean,
    context: RequestContext,
  ): Promise<boolean> {
    const { registrations, enrollments, commands, keys, failpoint, now } = this.options;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const enrollment = deletesEnrollment ? await enrollments.find('individual', registrationId) : undefined;
      const { state, revision } = await registrations.read(registrationId);
      if (state.status === 'assigning' || revision !== revisionAtHubs) return false;
      // There was a key in use, so something may have been said under it since these revisions were read.
      if (await keys.retire(deviceSubject(registrationId))) continue;
      if (enrollment !== undefined) {
        const target = { kind: 'individual', id: registrationId } as const;
        await commands.execute(new DeleteEnrollment(target, etagOf(enrollment.revision), context));
      }
      failpoint('erasure:enrollment');
      if (state.status !== 'unassigned') {
        const admit = (current: bigint | undefined): void => {
          if (current !== revision) throw new SaidMeanwhile(registrationId);
        };
        await registrations.handle(registrationId, { type: 'DeleteRecord', at: now().toISOString() }, context, admit);
      }
      failpoint('erasure:registration');
      return true;
    }
    return false;
  }

  /** That of the request, so that all of it is one conversation. */
  private async correlationOf(registrationId: string): Promise<string> {
    const { events } = await this.options.store.readStream(erasureStream(registrationId), { direction: 'backward', maxCount: 1 });
    return events[0]?.metadata.correlationId ?? registrationId;
  }
}
