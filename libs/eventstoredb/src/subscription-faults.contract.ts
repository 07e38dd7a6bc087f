import { event, Fixture, Follower, hasCaughtUp, hasSeen, newStream } from '@test/support/eventstoredb-peer/fixture';
import { clusterConnectionString, elect } from '@test/support/eventstoredb-peer/peer';
import { setTimeout as delay } from 'node:timers/promises';

// Always against the protocol peer: a real server does not misbehave on demand.
let fixture: Fixture;

beforeEach(() => {
  fixture = new Fixture();
});
afterEach(() => fixture.close());

const numbersTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('a subscription', () => {
  it('that the server forgot is noticed and opened again where it stood', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString);
    const stream = newStream();
    await store.append(stream, 'any', [event(0), event(1)]);
    const follower = new Follower(store);
    await follower.until(hasCaughtUp);
    peer.deafenSubscriptions();
    await store.append(stream, 'any', [event(2)]);
    await follower.until(hasSeen(3));
    await follower.stop();
    expect(follower.numbers).toEqual([0, 1, 2]);
    expect(peer.subscriptionsOpened).toBe(2);
    expect(fixture.warnings).toEqual([expect.stringContaining('the subscription is silent although the log has gone on')]);
  });

  it('that was forgotten before it had caught up is noticed too', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString);
    await store.append(newStream(), 'any', [event(0)]);
    peer.faults.deafUntilSubscription = 1;
    const follower = new Follower(store);
    await follower.until(hasSeen(1));
    await follower.stop();
    expect(peer.subscriptionsOpened).toBe(2);
  });

  it('is left alone while nothing happens', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString);
    const follower = new Follower(store);
    await follower.until(hasCaughtUp);
    await delay(1_500);
    await follower.stop();
    expect(peer.subscriptionsOpened).toBe(1);
    expect(follower.batches).toEqual([{ events: [], position: 'start', caughtUp: true }]);
  });

  it('says that it has caught up also where the server does not', async () => {
    const peer = await fixture.peer({ announcesCaughtUp: false });
    const store = await fixture.open(peer.connectionString);
    await store.append(newStream(), 'any', [event(0)]);
    const follower = new Follower(store);
    await follower.until(hasCaughtUp);
    await follower.stop();
    expect(follower.batches.at(-1)).toEqual({ events: [], position: await store.headPosition(), caughtUp: true });
    expect(peer.subscriptionsOpened).toBe(1);
  });

  it('delivers everything once while connections are cut again and again', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString);
    const stream = newStream();
    const follower = new Follower(store);
    for (let n = 0; n < 60; n++) {
      if (n % 10 === 5) peer.dropConnections();
      await store.append(stream, 'any', [event(n)]);
    }
    await follower.until(hasSeen(60));
    await follower.stop();
    expect(follower.numbers).toEqual(numbersTo(60));
    expect(peer.subscriptionsOpened).toBeGreaterThan(3);
  });

  it('outlives its consumer by nothing', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString);
    await store.append(newStream(), 'any', [event(0)]);
    for await (const batch of store.subscribeToAll({ from: 'start', signal: new AbortController().signal })) {
      if (batch.events.length > 0) break;
    }
    await peer.until(() => peer.subscriptionsOpen === 0);
    expect(peer.subscriptionsOpened).toBe(1);
  });

  it('leaves out system events, and passes them for good', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString, { readTimeoutMs: 10_000 });
    await store.append(newStream(), 'any', [event(0)]);
    for (let n = 0; n < 3_000; n++) peer.log.appendSystemEvent('$statistics', '$stats');
    const follower = new Follower(store);
    await follower.until(hasCaughtUp);
    await follower.stop();
    expect(follower.numbers).toEqual([0]);
    const last = follower.batches.at(-1)?.position ?? 'start';
    expect(store.comparePositions(last, await store.headPosition())).toBeGreaterThan(0);
  });
});

describe('the head of the log', () => {
  it('is the start when there are only system events', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString);
    expect(await store.headPosition()).toBe('start');
  });

  it('is found behind a run of system events', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString);
    const { position } = await store.append(newStream(), 'any', [event(0)]);
    for (let n = 0; n < 100; n++) peer.log.appendSystemEvent('$statistics', '$stats');
    expect(await store.headPosition()).toBe(position);
  });

  it('has a bound behind a very long run of them, which a subscription reaches', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString, { readTimeoutMs: 10_000 });
    const { position } = await store.append(newStream(), 'any', [event(0)]);
    for (let n = 0; n < 9_000; n++) peer.log.appendSystemEvent('$statistics', '$stats');
    const head = await store.headPosition();
    expect(store.comparePositions(head, position)).toBeGreaterThan(0);
    const follower = new Follower(store);
    await follower.until(({ batches }) => batches.some((batch) => store.comparePositions(batch.position, head) >= 0));
    await follower.stop();
  });
});

describe('in a cluster', () => {
  it('losing the leader loses nothing and repeats nothing', async () => {
    const members = await fixture.cluster(3);
    const store = await fixture.open(clusterConnectionString(members));
    const stream = newStream();
    const follower = new Follower(store);
    for (let n = 0; n < 30; n++) {
      if (n === 10) {
        members[0]?.goAway();
        elect(members, 1);
      }
      await store.append(stream, 'any', [event(n)]);
    }
    await follower.until(hasSeen(30));
    await follower.stop();
    expect(follower.numbers).toEqual(numbersTo(30));
  });

  it('losing all members is survived, and work goes on when one comes back', async () => {
    const members = await fixture.cluster(3);
    const store = await fixture.open(clusterConnectionString(members));
    const stream = newStream();
    const follower = new Follower(store);
    await store.append(stream, 'any', [event(0)]);
    await follower.until(hasSeen(1));
    for (const member of members) member.goAway();
    const refused = await Promise.allSettled([1, 2, 3].map(() => store.append(newStream(), 'any', [event(9)])));
    expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    for (const member of members) member.comeBack();
    await store.append(stream, 'any', [event(1)]);
    await follower.until(hasSeen(2));
    await follower.stop();
    expect(follower.numbers).toEqual([0, 1]);
  });
});
