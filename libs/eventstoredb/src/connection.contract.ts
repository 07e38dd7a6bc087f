import { EventStoreUnavailable } from '@app/event-sourcing';
import { event, Fixture, newStream } from '@test/support/eventstoredb-peer/fixture';
import { clusterConnectionString } from '@test/support/eventstoredb-peer/peer';
import { EventStoreDbEventStore } from './event-store-db';

// Always against the protocol peer: a real server does not misbehave on demand.
let fixture: Fixture;

beforeEach(() => {
  fixture = new Fixture();
});
afterEach(() => fixture.close());

describe('a process', () => {
  it('has one client: a second one is refused while the first is open', async () => {
    const peer = await fixture.peer();
    const { connectionString } = peer;
    const first = await fixture.open(connectionString);
    await expect(EventStoreDbEventStore.open({ connectionString })).rejects.toThrow('one client per process');
    await first.close();
    const second = await fixture.open(connectionString);
    expect((await second.append(newStream(), 'none', [event()])).revision).toBe(0n);
  });

  it('may open again after an attempt that failed', async () => {
    const peer = await fixture.peer();
    peer.goAway();
    await expect(fixture.open(peer.connectionString)).rejects.toBeInstanceOf(EventStoreUnavailable);
    peer.comeBack();
    const store = await fixture.open(peer.connectionString);
    expect(await store.headPosition()).toBe('start');
  });
});

describe('an event store URL', () => {
  it('that is malformed is refused without being shown', async () => {
    const refused = EventStoreDbEventStore.open({ connectionString: 'esdb//admin:hunter2@server:2113' });
    await expect(refused).rejects.toThrow('not a valid connection string');
    await expect(refused).rejects.not.toThrow('hunter2');
  });

  it('may have the scheme of the renamed product', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(`kurrentdb://${peer.host}:${peer.port}?tls=false`);
    expect(await store.headPosition()).toBe('start');
  });

  it('with credentials that the server refuses ends at once', async () => {
    const peer = await fixture.peer();
    peer.faults.deniesAccess = true;
    const refused = fixture.open(`esdb://admin:hunter2@${peer.host}:${peer.port}?tls=false`);
    await expect(refused).rejects.toThrow('refused the credentials');
    await expect(refused).rejects.not.toThrow('hunter2');
    expect(fixture.warnings).toEqual([]);
  });
});

describe('a client that changes its connection', () => {
  it('keeps the appends on the new one when the old one breaks late', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString, { appendTimeoutMs: 2_000 });
    const [first, second] = [newStream(), newStream()];
    peer.faults.answerDelayMs = 300;
    const onOld = store.append(first, 'none', [event(1)]);
    await peer.until(() => peer.log.readStream(first) !== undefined);
    const old = peer.connections;
    peer.faults.callsToRefuse = 1;
    await store.readStream(newStream());
    const onNew = store.append(second, 'none', [event(2)]);
    await peer.until(() => peer.log.readStream(second) !== undefined);
    peer.dropConnections(old);
    expect((await onOld).revision).toBe(0n);
    expect((await onNew).revision).toBe(0n);
  });

  it('survives that no node can be found while the old connection breaks', async () => {
    const members = await fixture.cluster(2);
    const url = `${clusterConnectionString(members)}&gossipTimeout=1`;
    const store = await fixture.open(url, { appendTimeoutMs: 3_000, readTimeoutMs: 3_000 });
    const stream = newStream();
    const [leader] = members;
    if (leader === undefined) throw new Error('the cluster has no leader');
    const appended = event(1);
    for (const { faults } of members) faults.answerDelayMs = 2_000;
    const onOld = store.append(stream, 'none', [appended]);
    await leader.until(() => leader.log.readStream(stream) !== undefined);
    for (const { faults } of members) faults.isGossipMute = true;
    leader.faults.callsToRefuse = 1;
    const questions = () => members.reduce((sum, { gossipQuestions }) => sum + gossipQuestions, 0);
    const asked = questions();
    const outcomes = Promise.allSettled([onOld, store.readStream(newStream())]);
    await Promise.race(members.map((member) => member.until(() => questions() > asked)));
    leader.dropConnections();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(fixture.warnings).toContainEqual(expect.stringContaining('found no node to reconnect to'));
    for (const { faults } of members) Object.assign(faults, { isGossipMute: false, answerDelayMs: 0 });
    expect((await store.append(stream, 'none', [appended])).revision).toBe(0n);
  });
});

describe('a read', () => {
  it('is tried again when its connection is cut', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString);
    const stream = newStream();
    await store.append(stream, 'none', [event(0), event(1)]);
    for (let n = 0; n < 10; n++) {
      const reading = store.readStream(stream);
      peer.dropConnections();
      expect((await reading).events).toHaveLength(2);
    }
  });

  it('of a stream that was deleted and written again gives what is left', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString);
    const stream = newStream();
    await store.append(stream, 'none', [event(0), event(1)]);
    peer.log.truncate(stream);
    expect(await store.readStream(stream)).toEqual({ exists: false, events: [] });
    await store.append(stream, 'none', [event(2)]);
    expect((await store.readStream(stream)).events.map(({ revision }) => revision)).toEqual([2n]);
  });

  it('never asks for less than one event', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString);
    await expect(store.readStream(newStream(), { maxCount: 0 })).rejects.toBeInstanceOf(RangeError);
  });
});

describe('after it was closed', () => {
  it('nothing is left of reads that took all, took a part, or found nothing', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString);
    const stream = newStream();
    await store.append(stream, 'none', [event(0), event(1), event(2)]);
    for (let n = 0; n < 100; n++) {
      await store.headPosition();
      await store.readStream(stream, { maxCount: 1 });
      await store.readStream(newStream());
      if (n % 10 === 0) peer.log.appendSystemEvent('$statistics', '$stats');
    }
    await store.close();
    expect(fixture.warnings).toEqual([]);
  });

  it('the store answers that it is closed, and its subscriptions have ended', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString);
    const subscription = store.subscribeToAll({ from: 'start', signal: new AbortController().signal });
    const reading = (async () => {
      let batches = 0;
      for await (const batch of subscription) batches += batch.caughtUp ? 1 : 0;
      return batches;
    })();
    await store.append(newStream(), 'none', [event()]);
    await store.close();
    await store.close();
    expect(await reading).toBeGreaterThanOrEqual(0);
    await expect(store.append(newStream(), 'none', [event()])).rejects.toThrow('is closed');
    await expect(store.headPosition()).rejects.toBeInstanceOf(EventStoreUnavailable);
  });
});
