import { AppendResult, EventStore, InMemoryEventStore } from '@app/event-sourcing';
import { SealingEventStore, SubjectKey, SubjectKeys } from '@app/sealing';
import { InMemorySubjectKeys } from '@app/sealing/testing/in-memory-subject-keys';
import { EnrollmentReader } from '../enrollments/enrollment.reader';
import { AssignmentProcess } from '../registrations/assignment.process';
import { registrationStream } from '../registrations/registration.events';
import { RegistrationStore } from '../registrations/registration.store';
import { register } from '../registrations/testing/commands';
import { InMemoryHubs } from '../registrations/testing/in-memory-hubs';
import { ErasureProcess } from './erasure.process';
import { provisioningSealing } from './provisioning.sealing';

const now = (): Date => new Date('2026-01-01T00:00:00Z');
const request = { actor: { kind: 'device', name: 'dev-1' }, correlationId: 'c' } as const;
const log = { warn: () => undefined };

/** Keys as another process has them: what it has once asked for it goes on with, until the key's retirement is over. */
class RememberedKeys extends InMemorySubjectKeys {
  private readonly remembered = new Map<string, SubjectKey>();
  /** While a key is being retired, and still known. */
  whileRetiring: () => Promise<void> = () => Promise.resolve();

  override async retire(subject: string): Promise<boolean> {
    const retired = await super.retire(subject);
    await this.whileRetiring();
    this.remembered.delete(subject);
    return retired;
  }

  readonly ofAnother: SubjectKeys = {
    keyFor: async (subject) => {
      const key = this.remembered.get(subject) ?? (await this.keyFor(subject));
      this.remembered.set(subject, key);
      return key;
    },
    find: (ids) => this.find(ids),
    retire: (subject) => this.retire(subject),
    destroy: (subject) => this.destroy(subject),
  };
}

class World {
  readonly log = new InMemoryEventStore();
  readonly keys = new RememberedKeys();
  readonly store = new SealingEventStore(this.log, provisioningSealing, this.keys);
  /** Appends of the other process wait for it. */
  gate: Promise<void> = Promise.resolve();
  /** The process that the device talks to, while another one erases it. */
  readonly registrations = new RegistrationStore(new SealingEventStore(this.gated(), provisioningSealing, this.keys.ofAnother));
  readonly hubs = new InMemoryHubs();
  atFailpoint: (name: string) => void = () => undefined;
  /** What hubs were asked to forget, each time after so many registrations. */
  readonly forgotten: { readonly deviceId: string; readonly deletes: boolean; readonly registrations: number }[] = [];
  private operations = 0;

  private readonly assignments = new AssignmentProcess({
    registrations: this.registrations,
    gateway: this.hubs,
    facts: {
      credentialsOf: () => Promise.resolve({ type: 'sas', primaryKey: 'cA==', secondaryKey: 'cw==' }),
      connectionTo: (hostName) => Promise.resolve({ hostName, connectionString: '' }),
    },
    log,
    now,
    failpoint: () => undefined,
  });

  readonly erasure = new ErasureProcess({
    store: this.store,
    registrations: new RegistrationStore(this.store),
    enrollments: new EnrollmentReader(this.store),
    commands: { execute: () => Promise.reject(new Error('nothing is to be commanded')) },
    hubs: { connectionTo: (hostName) => Promise.resolve({ hostName, connectionString: '' }) },
    gateway: {
      eraseDevice: (_hub, deviceId, { deletes }) => {
        this.forgotten.push({ deviceId, deletes, registrations: this.operations });
        return Promise.resolve('erased');
      },
    },
    keys: this.keys,
    database: { query: () => Promise.resolve([]) },
    now,
    failpoint: (name) => this.atFailpoint(name),
    log,
  });

  async register(site: string): Promise<void> {
    const entry = { iotHubs: ['hub-a'], initialTwin: { tags: { site }, desired: {} } };
    await this.registrations.handle('dev-1', register({ operationId: `op-${++this.operations}`, entry }), request);
    await this.assignments.run('dev-1');
  }

  async erase(): Promise<string> {
    const command = {
      type: 'RequestErasure',
      registrationId: 'dev-1',
      reason: 'r',
      deleteEnrollment: false,
      at: now().toISOString(),
    };
    await this.erasure.handle('dev-1', { ...command, type: 'RequestErasure' }, request);
    return (await this.erasure.run('dev-1')).status;
  }

  /** Types of the registration's events, and the sites that can still be read in them. */
  async told(): Promise<{ types: string[]; sites: string[] }> {
    const { events } = await this.store.readStream(registrationStream('dev-1'));
    const sites = JSON.stringify(events.map(({ data }) => data)).matchAll(/"site":"(\w+)"/g);
    return { types: events.map(({ type }) => type), sites: [...new Set([...sites].map(([, site = '']) => site))] };
  }

  private gated(): EventStore {
    const append = async (...args: Parameters<EventStore['append']>): Promise<AppendResult> => {
      await this.gate;
      return this.log.append(...args);
    };
    return Object.assign(Object.create(this.log) as EventStore, { append });
  }
}

const ended = ['AssignmentStarted', 'DeviceAssigned', 'RegistrationDeleted'];
let world: World;
beforeEach(async () => {
  world = new World();
  await world.register('before');
});

test('what was said is gone', async () => {
  expect(await world.erase()).toBe('erased');
  expect(await world.told()).toEqual({ types: ended, sites: [] });
});

test('a device that comes back in the very moment is understood', async () => {
  let back: Promise<void> | undefined;
  world.atFailpoint = (name) => {
    if (name === 'erasure:registration') back = world.register('after');
  };
  // A key that is taken out of use from now on would still be known to the process that the device has come to.
  world.keys.whileRetiring = () => back ?? Promise.resolve();
  expect(await world.erase()).toBe('erased');
  await back;
  expect(await world.told()).toEqual({ types: [...ended, 'AssignmentStarted', 'DeviceAssigned'], sites: ['after'] });
});

test('what was sealed before and is stored after is sealed anew', async () => {
  let open = (): void => undefined;
  world.gate = new Promise((resolve) => (open = resolve));
  const late = world.register('late');
  world.atFailpoint = (name) => {
    if (name !== 'erasure:registration') return;
    open();
    world.keys.whileRetiring = () => late;
  };
  expect(await world.erase()).toBe('erased');
  await late;
  const { types, sites } = await world.told();
  expect([types.slice(0, 4), sites]).toEqual([[...ended, 'AssignmentStarted'], ['late']]);
});

test.each(['with the key that is being retired', 'with a new one'])(
  'what is said meanwhile %s is erased with the rest',
  async (which) => {
    world.keys.whileRetiring = async () => {
      world.keys.whileRetiring = () => Promise.resolve();
      if (which === 'with a new one')
        await new RegistrationStore(world.store).handle('dev-1', register({ operationId: 'op-new' }), request);
      await world.register('meanwhile');
    };
    await world.erase();
    expect((await world.erasure.run('dev-1')).status).toBe('erased');
    const { types, sites } = await world.told();
    expect([types.at(-1), sites]).toEqual(['RegistrationDeleted', []]);
  },
);

test('a device that registers after its hub has forgotten it is forgotten there once more', async () => {
  world.atFailpoint = (name) => {
    if (name === 'erasure:hubs') back ??= world.register('again');
  };
  let back: Promise<void> | undefined;
  world.keys.whileRetiring = () => back ?? Promise.resolve();
  await world.erase();
  expect((await world.erasure.run('dev-1')).status).toBe('erased');
  expect(world.forgotten.at(-1)).toEqual({ deviceId: 'dev-1', deletes: true, registrations: 2 });
  expect((await world.told()).types.at(-1)).toBe('RegistrationDeleted');
});

test('what is said between the last look at its keys and its end is erased with the rest', async () => {
  let looks = 0;
  world.keys.whileRetiring = async () => {
    if (++looks === 2) await world.register('meanwhile');
  };
  await expect(world.erase()).rejects.toThrow('was heard of while it was being erased');
  expect((await world.erasure.run('dev-1')).status).toBe('erased');
  expect((await world.told()).sites).toEqual([]);
});

test('while something is said all the time it is left to the next look', async () => {
  world.keys.whileRetiring = () => world.keys.keyFor('registration:dev-1').then(() => undefined);
  expect(await world.erase()).toBe('requested');
  world.keys.whileRetiring = () => Promise.resolve();
  expect((await world.erasure.run('dev-1')).status).toBe('erased');
  expect((await world.told()).sites).toEqual([]);
});
