import { randomBytes } from 'node:crypto';
import { Module } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Test, TestingModule } from '@nestjs/testing';
import { InMemoryEventStore } from '@app/event-sourcing';
import { SecretBox } from '@app/platform';
import { CLOCK, EVENT_STORE, HubsModule, LinkHub, SECRET_BOX, UnlinkHub, UpdateLinkedHub } from '@app/provisioning';
import { LinkedHubs } from '@app/provisioning/hubs/linked-hubs';
import { storedText } from '@test/support/service-api-checks';

@Module({})
class Surroundings {}

const context = { actor: { kind: 'operator', name: 'ann' }, correlationId: '6f1c0d3e-0000-4000-8000-000000000001' } as const;
const key = () => randomBytes(32).toString('base64');
const connectionString = (hostName: string, secret = key()) =>
  `HostName=${hostName};SharedAccessKeyName=iothubowner;SharedAccessKey=${secret}`;
const settings = (text: string) => ({
  connectionString: text,
  location: 'westeurope',
  allocationWeight: 1,
  applyAllocationPolicy: true,
});

describe('linked hubs through the command bus', () => {
  let store: InMemoryEventStore;
  let app: TestingModule;
  let commands: CommandBus;
  let hubs: LinkedHubs;
  beforeEach(async () => {
    store = new InMemoryEventStore();
    const provided = { [EVENT_STORE]: store, [SECRET_BOX]: new SecretBox(randomBytes(32)), [CLOCK]: () => new Date() };
    const tokens = [EVENT_STORE, SECRET_BOX, CLOCK] as const;
    const providers = tokens.map((provide) => ({ provide, useValue: provided[provide] }));
    const surroundings = { module: Surroundings, global: true, providers, exports: [...tokens] };
    app = await Test.createTestingModule({ imports: [surroundings, HubsModule] }).compile();
    await app.init();
    commands = app.get(CommandBus);
    hubs = app.get(LinkedHubs);
  });
  afterEach(async () => {
    await app.close();
    await store.close();
  });

  it('give their connection to whoever moves devices, and keep it unreadable in the log', async () => {
    const secret = key();
    const text = connectionString('Hub-A.localhost', secret);
    const { state } = await commands.execute(new LinkHub('Hub-A.localhost', settings(text), context));
    expect([...state.linked.keys()]).toEqual(['hub-a.localhost']);
    expect(await hubs.connectionTo('HUB-A.localhost')).toEqual({ hostName: 'hub-a.localhost', connectionString: text });
    expect(await storedText(store)).not.toContain(secret);
    expect(await hubs.connectionTo('hub-b.localhost')).toBeUndefined();
  });

  it('are linked once, however often that is said', async () => {
    const text = connectionString('hub-a.localhost');
    const first = await commands.execute(new LinkHub('hub-a.localhost', settings(text), context));
    const second = await commands.execute(new LinkHub('hub-a.localhost', settings(text), context));
    expect(first.position).toBeDefined();
    expect(second.position).toBeUndefined();
    const other = new LinkHub('hub-a.localhost', settings(connectionString('hub-a.localhost')), context);
    await expect(commands.execute(other)).rejects.toMatchObject({ reason: 'hub-already-linked' });
  });

  it('change what is said and keep the rest, the connection too', async () => {
    const text = connectionString('hub-a.localhost');
    await commands.execute(new LinkHub('hub-a.localhost', settings(text), context));
    const { state } = await commands.execute(new UpdateLinkedHub('hub-a.localhost', { allocationWeight: 9 }, undefined, context));
    expect(state.linked.get('hub-a.localhost')).toMatchObject({ allocationWeight: 9, location: 'westeurope', revision: 1n });
    expect(await hubs.connectionTo('hub-a.localhost')).toMatchObject({ connectionString: text });
    const wrong = new UpdateLinkedHub(
      'hub-a.localhost',
      { connectionString: connectionString('hub-b.localhost') },
      undefined,
      context,
    );
    await expect(commands.execute(wrong)).rejects.toMatchObject({ reason: 'hub-name-mismatch' });
  });

  it('are still reached when they are no longer linked, so that a move can finish', async () => {
    const text = connectionString('hub-a.localhost');
    await commands.execute(new LinkHub('hub-a.localhost', settings(text), context));
    const { state } = await commands.execute(new UnlinkHub('hub-a.localhost', undefined, context));
    expect(state.linked.size).toBe(0);
    expect(await hubs.connectionTo('hub-a.localhost')).toMatchObject({ connectionString: text });
    await expect(commands.execute(new UnlinkHub('hub-a.localhost', undefined, context))).rejects.toMatchObject({
      reason: 'hub-not-linked',
    });
  });

  it('refuse a connection string of a wrong form without repeating it', async () => {
    const text = 'HostName=hub-a.localhost;SharedAccessKey=hush-hush';
    const refused = commands.execute(new LinkHub('hub-a.localhost', settings(text), context));
    await expect(refused).rejects.toThrow(/connection string of the hub is not valid/);
    await refused.catch((error: unknown) => expect(String(error)).not.toContain('hush'));
    expect(await store.headPosition()).toBe('start');
  });
});
