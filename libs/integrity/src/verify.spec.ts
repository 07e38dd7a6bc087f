import { InMemoryEventStore } from '@app/event-sourcing';
import { appendFile, readFile } from 'node:fs/promises';
import { ChainedEventStore } from './chained-event-store';
import { linkOf } from './chain';
import { SignedLog, event, macKey } from './testing/signed-log';

let log: SignedLog;
beforeEach(async () => {
  log = await SignedLog.open(new InMemoryEventStore());
});
afterEach(() => log.close());

test('a log that nobody has touched is intact, signed or not', async () => {
  await log.fill(25, 4);
  expect(await log.verify()).toMatchObject({ intact: true, events: 25, streams: 4, roots: 0, unsigned: 25, firstBreak: null });
  await log.sign(10);
  expect(await log.verify()).toMatchObject({ intact: true, events: 25, roots: 3, unsigned: 0, unchained: 0 });
  await log.fill(5, 2);
  expect(await log.verify()).toMatchObject({ intact: true, events: 30, roots: 3, unsigned: 5 });
});

test('an empty log is intact', async () => {
  expect(await log.verify()).toMatchObject({ intact: true, events: 0, roots: 0 });
});

test('each event is tied to the one before it in its stream, whoever appends', async () => {
  const other = new ChainedEventStore(log.store, macKey);
  await log.chained.append('s', 'none', [event({ n: 1 }), event({ n: 2 })]);
  await other.append('s', 1n, [event({ n: 3 })]);
  await log.chained.append('s', 'any', [event({ n: 4 })]);
  const links = (await log.store.readStream('s')).events.map(({ metadata }) => linkOf(metadata));
  expect(links.map((link) => link?.previous)).toEqual(['', ...links.slice(0, 3).map((link) => link?.hash)]);
  expect(await log.verify()).toMatchObject({ intact: true, events: 4 });
});

test('writers who expect anything form one chain', async () => {
  const writers = [log.chained, new ChainedEventStore(log.store, macKey)];
  const appends = writers.flatMap((writer) => Array.from({ length: 15 }, (_, n) => writer.append('s', 'any', [event({ n })])));
  await Promise.all(appends);
  expect(await log.verify()).toMatchObject({ intact: true, events: 30, streams: 1 });
});

test('a part is verified between the roots around it', async () => {
  await log.fill(40, 3);
  await log.sign(10);
  expect(await log.verify({ from: '15', to: '32' })).toMatchObject({ intact: true, events: 22, roots: 2 });
});

test('events from before there was a chain may only stand at the beginning', async () => {
  await log.store.append('old', 'any', [event({}), event({})]);
  await log.fill(4, 2);
  await log.chained.append('old', 'any', [event({})]);
  expect(await log.verify()).toMatchObject({ intact: true, unchained: 2, events: 7 });
  await log.sign(3);
  expect(await log.verify()).toMatchObject({ intact: true, unchained: 2, roots: 3 });
  await log.store.append('new', 'any', [event({})]);
  expect(await log.verify()).toMatchObject({
    intact: false,
    firstBreak: { stream: 'new', revision: '0', reason: 'it has no link to the event before it' },
  });
});

test('a log from before there was a chain is signed across restarts of the signer, and may be chained from then on', async () => {
  for (let n = 0; n < 7; n++) await log.store.append('old', 'any', [event({ n })]);
  await log.sign(3);
  await log.store.append('old', 'any', [event({}), event({})]);
  await log.sign(3);
  expect(await log.verify()).toMatchObject({ intact: true, unchained: 9, roots: 4 });
  await log.fill(4, 1);
  await log.sign(3);
  expect(await log.verify()).toMatchObject({ intact: true, events: 13, unchained: 9, roots: 6 });
  expect(await log.verify({ from: '9' })).toMatchObject({ intact: true, unchained: 0 });
});

test('content without a canonical form is a break, not an error', async () => {
  const infinite = { ...event({}), data: { n: Infinity } };
  const store = new InMemoryEventStore();
  const subscribeToAll = async function* () {
    await Promise.resolve();
    const place = { stream: 's', revision: 0n, position: '1', recordedAt: '2026-01-01T00:00:00.000Z' };
    yield { events: [{ ...infinite, ...place }], position: '1', caughtUp: true };
  };
  Object.assign(store, { subscribeToAll, headPosition: () => Promise.resolve('1') });
  expect((await log.verify({ store })).firstBreak).toMatchObject({ position: '1', reason: 'its content has no canonical form' });
});

test('an event with a chain of its own making is not signed, and found', async () => {
  await log.fill(3, 1);
  await new ChainedEventStore(log.store, Buffer.alloc(32, 8)).append('forged', 'none', [event({})]);
  const signer = log.signer(10);
  await signer.start();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await signer.stop();
  expect(signer.position).toBe('3');
  const { firstBreak, roots } = await log.verify();
  expect([roots, firstBreak]).toEqual([
    1,
    { position: '4', stream: 'forged', revision: '0', reason: 'it was not written by this service' },
  ]);
});

describe('roots', () => {
  beforeEach(async () => {
    await log.fill(30, 3);
    await log.sign(10);
  });

  test.each<[string, (roots: Awaited<ReturnType<SignedLog['roots']>>) => readonly unknown[], RegExp]>([
    ['one is left out', ([a, , c]) => [a, c], /root 3 does not follow root 1/],
    ['one is changed', ([a, b, c]) => [a, { ...b, at: '2020-01-01T00:00:00.000Z' }, c], /signature of root 2/],
    ['one is no root', ([a, , c]) => [a, null, c], /should be root 2 is no root/],
    ['they are of another log', ([a, b, c]) => [{ ...a, log: 'other' }, b, c], /does not follow/],
  ])('it is found when %s', async (_, change, reason) => {
    const roots = change(await log.roots()) as Awaited<ReturnType<SignedLog['roots']>>;
    expect((await log.verify({ roots })).firstBreak?.reason).toMatch(reason);
  });

  test('a log that was cut off before the last root is found', async () => {
    const cut = new InMemoryEventStore();
    const { events } = await log.store.readStream('stream-0');
    await cut.append('stream-0', 'none', events.slice(0, 2));
    const { firstBreak } = await log.verify({ store: cut });
    expect(firstBreak).not.toBeNull();
  });

  test('a line that a crash left half written is mended, and signing goes on', async () => {
    const before = await readFile(log.file.path, 'utf8');
    await appendFile(log.file.path, '{"log":"log","number":4');
    await log.fill(5, 2);
    await log.sign(10);
    expect((await readFile(log.file.path, 'utf8')).startsWith(before)).toBe(true);
    expect(await log.verify()).toMatchObject({ intact: true, events: 35, roots: 4 });
  });
});
