import { InMemoryEventStore } from '@app/event-sourcing';
import { AssignmentProcess } from './assignment.process';
import { CarriedTwin } from './registration.events';
import { RegistrationState } from './registration.state';
import { RegistrationStore } from './registration.store';
import { RegisterOverrides, entry, register } from './testing/commands';
import { Fault, InMemoryHubs } from './testing/in-memory-hubs';

/** What ends a process without a word. */
class Crash extends Error {}

const request = { actor: { kind: 'device', name: 'dev-1' }, correlationId: 'c' } as const;
const credentials = { type: 'sas', primaryKey: 'cA==', secondaryKey: 'cw==' } as const;

class World {
  readonly store = new InMemoryEventStore();
  readonly hubs = new InMemoryHubs();
  failAt: string | undefined;
  unknownHub: string | undefined;
  readonly violations: string[] = [];
  private operations = 0;

  constructor() {
    this.hubs.watch = () => {
      const enabled = [...this.hubs.devices.values()].filter((device) => device.status === 'enabled');
      // Invariant I2, at every instant between two calls. Kept for later: thrown here it would look like a hub that fails.
      if (enabled.length > 1) this.violations.push(`enabled at two hubs after call ${this.hubs.calls}`);
    };
  }

  /** A process that has just started: nothing of an earlier one is left but the log and the hubs. */
  process(): AssignmentProcess {
    return new AssignmentProcess({
      registrations: new RegistrationStore(this.store),
      gateway: this.hubs,
      facts: {
        credentialsOf: () => Promise.resolve(credentials),
        connectionTo: (hostName) =>
          Promise.resolve(hostName === this.unknownHub ? undefined : { hostName, connectionString: '' }),
      },
      log: { warn: () => undefined },
      now: () => new Date('2026-01-01T00:00:00Z'),
      failpoint: (name) => {
        if (name !== this.failAt) return;
        this.failAt = undefined;
        throw new Crash(name);
      },
    });
  }

  async register(overrides: RegisterOverrides): Promise<RegistrationState> {
    const operationId = `op-${++this.operations}`;
    await new RegistrationStore(this.store).handle('dev-1', register({ ...overrides, operationId }), request);
    return this.process().run('dev-1');
  }

  /** First assignment to hub-a, then life there: a back end and the device change the twin. */
  async settled(): Promise<this> {
    await this.register({ entry: { iotHubs: ['hub-a'] } });
    const device = this.hubs.at('hub-a', 'dev-1');
    if (device === undefined) throw new Error('not assigned');
    const twin = {
      tags: { site: 'paris' },
      desired: { values: { interval: 10 }, version: 4, metadata: null },
      reported: { values: { firmware: '1.4' }, version: 7, metadata: null },
    };
    this.hubs.devices.set('hub-a/dev-1', { ...device, twin, tag: 'lived' });
    this.hubs.calls = 0;
    return this;
  }

  async types(): Promise<string[]> {
    return (await this.store.readStream('registration-dev-1')).events.map((event) => event.type);
  }
}

const migrate = { updateHubAssignment: true, migrateDeviceData: true };
const reset = { updateHubAssignment: true, migrateDeviceData: false };
const toHubB = (reprovisionPolicy: typeof migrate): RegisterOverrides => ({ entry: { reprovisionPolicy, iotHubs: ['hub-b'] } });
const lived = { tags: { site: 'paris' }, desired: { values: { interval: 10 } }, reported: { values: { firmware: '1.4' } } };
const anew = {
  tags: { site: 'factory' },
  desired: { values: { interval: 60 }, version: 1 },
  reported: { values: {}, version: 1 },
};

const stories = {
  'a move that carries its twin': { policy: migrate, hub: 'hub-b', twin: lived, leaves: 'hub-a' },
  'a move that starts anew': { policy: reset, hub: 'hub-b', twin: anew, leaves: 'hub-a' },
  'a reset in place': { policy: reset, hub: 'hub-a', twin: anew, leaves: undefined },
  'a device that stays': { policy: migrate, hub: 'hub-a', twin: lived, leaves: undefined },
} as const;

type Story = (typeof stories)[keyof typeof stories];

async function expectDone(world: World, { hub, twin, leaves }: Story): Promise<void> {
  expect(world.violations).toEqual([]);
  const { state } = await new RegistrationStore(world.store).read('dev-1');
  expect(state).toMatchObject({ status: 'assigned', hub });
  expect(world.hubs.at(hub, 'dev-1')).toMatchObject({ status: 'enabled', statusReason: null, twin });
  if (leaves !== undefined) expect(world.hubs.at(leaves, 'dev-1')).toBeUndefined();
}

describe.each(Object.entries(stories))('%s', (_name, story) => {
  const start = (world: World): Promise<RegistrationState> =>
    world.register({ entry: { reprovisionPolicy: story.policy, iotHubs: [story.hub] } });

  test('ends as it should when nothing breaks', async () => {
    const world = await new World().settled();
    await start(world);
    await expectDone(world, story);
  });

  test.each<Fault>(['before', 'after'])('survives a crash %s any call to a hub', async (kind) => {
    for (let at = 1; ; at++) {
      const world = await new World().settled();
      world.hubs.faultAt = (call) => {
        if (call === at && kind === 'before') throw new Crash();
        return undefined;
      };
      const effect = world.hubs.watch;
      world.hubs.watch = () => {
        effect();
        if (kind === 'after' && world.hubs.calls === at) throw new Crash();
      };
      const state = await start(world);
      world.hubs.watch = effect;
      world.hubs.faultAt = () => undefined;
      if (state.status !== 'assigned') await world.process().run('dev-1');
      await expectDone(world, story);
      if (world.hubs.calls < at) return;
    }
  });

  test.each<Fault>(['before', 'after'])('survives a hub that fails once, %s any call', async (kind) => {
    for (let at = 1; ; at++) {
      const world = await new World().settled();
      world.hubs.faultAt = (call) => (call === at ? kind : undefined);
      const state = await start(world);
      if (state.status === 'failed') {
        // Put back as it was: the device lives on where it did.
        expect(world.hubs.at('hub-a', 'dev-1')).toMatchObject({ status: 'enabled', statusReason: null, twin: lived });
        await start(world);
      } else if (state.status === 'assigning') await world.process().run('dev-1');
      await expectDone(world, story);
      if (world.hubs.calls < at) return;
    }
  });

  test.each(['move:recorded', 'move:fenced', 'move:placed', 'move:logged', 'move:deleted', 'move:enabled'])(
    'survives a crash at %s',
    async (failpoint) => {
      const world = await new World().settled();
      world.failAt = failpoint;
      await start(world);
      world.failAt = undefined;
      await world.process().run('dev-1');
      await expectDone(world, story);
    },
  );
});

describe('a migration', () => {
  test('carries the change that a back end made while it was under way', async () => {
    const world = await new World().settled();
    world.failAt = 'move:logged';
    await world.register(toHubB(migrate));
    world.hubs.touch('hub-a', 'dev-1', { site: 'rome' });
    await world.process().run('dev-1');
    expect(world.hubs.at('hub-b', 'dev-1')?.twin.tags).toEqual({ site: 'rome' });
    expect((await world.types()).filter((type) => type === 'TwinMigrated')).toHaveLength(2);
  });

  test('has the device disabled at both hubs while its twin is between them', async () => {
    const world = await new World().settled();
    world.failAt = 'move:placed';
    await world.register(toHubB(migrate));
    expect(world.hubs.at('hub-a', 'dev-1')).toMatchObject({ status: 'disabled', statusReason: 'rehome:moving:op-2' });
    expect(world.hubs.at('hub-b', 'dev-1')).toMatchObject({ status: 'disabled', statusReason: 'rehome:moving:op-2' });
  });

  test('keeps section versions', async () => {
    const world = await new World().settled();
    await world.register(toHubB(migrate));
    expect(world.hubs.at('hub-b', 'dev-1')?.twin).toMatchObject({ desired: { version: 4 }, reported: { version: 7 } });
  });

  test('leaves a device that was disabled disabled, with its reason', async () => {
    const world = await new World().settled();
    const device = world.hubs.at('hub-a', 'dev-1');
    if (device === undefined) throw new Error('not there');
    world.hubs.devices.set('hub-a/dev-1', { ...device, status: 'disabled', statusReason: 'stolen' });
    await world.register(toHubB(migrate));
    expect(world.hubs.at('hub-b', 'dev-1')).toMatchObject({ status: 'disabled', statusReason: 'stolen' });
  });

  test('brings the twin back from the log when the new hub loses the device before it is enabled', async () => {
    const world = await new World().settled();
    world.failAt = 'move:deleted';
    await world.register(toHubB(migrate));
    world.hubs.devices.delete('hub-b/dev-1');
    await world.process().run('dev-1');
    expect(world.hubs.at('hub-b', 'dev-1')).toMatchObject({
      status: 'enabled',
      twin: lived satisfies Partial<Record<keyof CarriedTwin, unknown>>,
    });
  });

  test('of a device that its old hub has lost starts from the enrollment', async () => {
    const world = await new World().settled();
    world.hubs.devices.delete('hub-a/dev-1');
    expect(await world.register({ ...toHubB(migrate), apiVersion: '2021-06-01' })).toMatchObject({
      status: 'assigned',
      hub: 'hub-b',
      substatus: 'reprovisionedToInitialAssignment',
    });
    expect(world.hubs.at('hub-b', 'dev-1')?.twin).toMatchObject(anew);
    expect(await world.types()).not.toContain('DeviceDeregistered');
  });

  test('to a hub that is not reachable fails, and the device lives on at the old one', async () => {
    const world = await new World().settled();
    world.unknownHub = 'hub-b';
    await world.register(toHubB(migrate));
    world.unknownHub = undefined;
    expect(world.hubs.at('hub-a', 'dev-1')).toMatchObject({ status: 'enabled', twin: lived });
  });

  test('gives the device its new id when the enrollment has one', async () => {
    const world = await new World().settled();
    await world.register({ entry: { reprovisionPolicy: migrate, iotHubs: ['hub-a'], deviceId: 'renamed' } });
    expect(world.hubs.at('hub-a', 'dev-1')).toBeUndefined();
    expect(world.hubs.at('hub-a', 'renamed')).toMatchObject({ status: 'enabled', twin: lived });
  });
});

describe('a first assignment', () => {
  test.each(['2018-11-01', '2021-06-01'])('to a hub that knows the device, api-version %s', async (apiVersion) => {
    const world = await new World().settled();
    await new RegistrationStore(world.store).handle('dev-1', { type: 'DeleteRecord', at: '2026-01-01T00:00:00Z' }, request);
    const generation = world.hubs.at('hub-a', 'dev-1')?.generationId;
    const state = await world.register({ apiVersion, entry: { iotHubs: ['hub-a'] } });
    expect(state).toMatchObject({
      substatus: apiVersion === '2018-11-01' ? 'initialAssignment' : 'reprovisionedToInitialAssignment',
    });
    const device = world.hubs.at('hub-a', 'dev-1');
    expect(device).toMatchObject({ generationId: generation, twin: { tags: { site: 'factory' }, reported: { version: 7 } } });
  });

  test('creates the device from the initial twin', async () => {
    const world = new World();
    expect(await world.register({ entry: { iotHubs: ['hub-a'] } })).toMatchObject({
      status: 'assigned',
      substatus: 'initialAssignment',
    });
    expect(world.hubs.at('hub-a', 'dev-1')).toMatchObject({ twin: anew, credentials });
    expect(entry().initialTwin?.tags).toEqual(anew.tags);
  });
});

test('a device that stays gets the credentials of its enrollment', async () => {
  const world = await new World().settled();
  const device = world.hubs.at('hub-a', 'dev-1');
  if (device === undefined) throw new Error('not there');
  world.hubs.devices.set('hub-a/dev-1', { ...device, credentials: { ...credentials, primaryKey: 'b2xk' } });
  await world.register({ entry: { iotHubs: ['hub-a'] } });
  expect(world.hubs.at('hub-a', 'dev-1')).toMatchObject({ credentials, twin: lived });
});

test('a reset in place that was interrupted after the device was made anew does not make it anew again', async () => {
  const world = await new World().settled();
  world.failAt = 'move:placed';
  await world.register({ entry: { reprovisionPolicy: reset, iotHubs: ['hub-a'] } });
  const { generationId } = world.hubs.at('hub-a', 'dev-1') ?? {};
  await world.process().run('dev-1');
  expect(world.hubs.at('hub-a', 'dev-1')?.generationId).toBe(generationId);
});

test('two runs at once are one', async () => {
  const world = await new World().settled();
  await new RegistrationStore(world.store).handle('dev-1', register({ ...toHubB(migrate), operationId: 'op-x' }), request);
  const process = world.process();
  const [first, second] = await Promise.all([process.run('dev-1'), process.run('DEV-1')]);
  expect(first).toBe(second);
  expect((await world.types()).filter((type) => type === 'DeviceAssigned')).toHaveLength(2);
});

test('two instances at once move a device once, and nothing is lost', async () => {
  for (let round = 0; round < 20; round++) {
    const world = await new World().settled();
    await new RegistrationStore(world.store).handle('dev-1', register({ ...toHubB(migrate), operationId: 'op-x' }), request);
    await Promise.all([world.process().run('dev-1'), world.process().run('dev-1')]);
    await world.process().run('dev-1');
    await expectDone(world, stories['a move that carries its twin']);
  }
});
