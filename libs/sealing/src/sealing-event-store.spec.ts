import fc from 'fast-check';
import { randomBytes, randomUUID } from 'node:crypto';
import { EventToAppend, InMemoryEventStore, JsonObject, JsonValue } from '@app/event-sourcing';
import { keyIdOfBox, open, seal } from './box';
import { openBoxes } from './open-boxes';
import { SealingPolicy, valueAt } from './sealed-fields';
import { SealingEventStore } from './sealing-event-store';
import { InMemorySubjectKeys } from './testing/in-memory-subject-keys';

const policy: SealingPolicy = {
  subjectOf: (stream) => (stream.startsWith('device-') ? stream : undefined),
  fieldsOf: (type) =>
    type === 'Told'
      ? [
          { path: 'secret', erased: {} },
          { path: 'entry.inner', erased: null },
        ]
      : [],
};

function told(data: JsonObject, type = 'Told'): EventToAppend {
  const id = randomUUID();
  return { id, type, data, metadata: { actor: { kind: 'system', name: 'test' }, correlationId: id, causationId: id } };
}

let inner: InMemoryEventStore;
let keys: InMemorySubjectKeys;
let store: SealingEventStore;
beforeEach(() => {
  inner = new InMemoryEventStore();
  keys = new InMemorySubjectKeys();
  store = new SealingEventStore(inner, policy, keys);
});

const dataOf = async (from: Pick<InMemoryEventStore, 'readStream'>, stream: string): Promise<JsonObject[]> =>
  (await from.readStream(stream)).events.map(({ data }) => data);

test('what is protected is stored sealed and read as it was', async () => {
  const data = { secret: { tags: { who: 'somebody-in-particular' } }, entry: { inner: [1, 'two'], other: 'open' }, at: 'noon' };
  await store.append('device-1', 'none', [told(data)]);
  expect(await dataOf(store, 'device-1')).toEqual([data]);
  const [stored] = await dataOf(inner, 'device-1');
  expect(JSON.stringify(stored)).not.toContain('somebody');
  expect(stored).toMatchObject({ entry: { other: 'open' }, at: 'noon' });
  expect([keyIdOfBox(stored?.secret), keyIdOfBox(valueAt(stored ?? {}, 'entry.inner'))]).toEqual(['key-1', 'key-1']);
  const subscription = store.subscribeToAll({ from: 'start', signal: new AbortController().signal });
  for await (const { events } of subscription) {
    expect(events.map((event) => event.data)).toEqual([data]);
    break;
  }
});

test('what is empty needs no key, and other types, streams and fields are left alone', async () => {
  const empty = { secret: {}, entry: { inner: null } };
  await store.append('device-1', 'none', [told(empty)]);
  await store.append('group-1', 'none', [told({ secret: { a: 1 } })]);
  await store.append('device-2', 'none', [told({ secret: { a: 1 } }, 'Other')]);
  expect(keys.made).toBe(0);
  expect(await dataOf(inner, 'group-1')).toEqual([{ secret: { a: 1 } }]);
  expect(await dataOf(inner, 'device-1')).toEqual([empty]);
});

test('without its key a field has its empty value, and the event says so; the others go on', async () => {
  await store.append('device-1', 'none', [told({ secret: { a: 1 }, entry: { inner: 2 }, at: 'noon' })]);
  await store.append('device-2', 'none', [told({ secret: { b: 1 } })]);
  expect(await keys.retire('device-1')).toBe(true);
  const { events } = await store.readStream('device-1');
  expect(events[0]).toMatchObject({
    data: { secret: {}, entry: { inner: null }, at: 'noon' },
    metadata: { erased: ['secret', 'entry.inner'] },
  });
  expect(await dataOf(store, 'device-2')).toEqual([{ secret: { b: 1 } }]);
  await store.append('device-1', 0n, [told({ secret: { c: 3 } })]);
  expect((await dataOf(store, 'device-1')).at(-1)).toEqual({ secret: { c: 3 } });
});

test('an append that is tried again brings the same bytes', async () => {
  const event = told({ secret: { a: 1 } });
  await store.append('device-1', 'none', [event]);
  const other = new InMemoryEventStore();
  await new SealingEventStore(other, policy, keys).append('device-1', 'none', [event]);
  expect(await dataOf(other, 'device-1')).toEqual(await dataOf(inner, 'device-1'));
  await store.append('device-2', 'none', [told({ secret: { a: 1 } })]);
  expect(await dataOf(inner, 'device-2')).not.toEqual(await dataOf(inner, 'device-1'));
});

test('names alone are somebody’s as well', async () => {
  await store.append('device-1', 'none', [told({ secret: { 'patient-4711': null } })]);
  expect(JSON.stringify(await dataOf(inner, 'device-1'))).not.toContain('patient');
});

test('a box cut short is refused', () => {
  const key = { id: 'k', key: randomBytes(32) };
  const text = seal({ a: 1 }, key, 'once').$sealed;
  expect(() => open({ $sealed: text.slice(0, 'v1.k.'.length + 22) }, key.key)).toThrow();
});

test('a value that looks like a box is sealed like any other', async () => {
  const secret = { $sealed: 'v1.key-9.AAAA' };
  await store.append('device-1', 'none', [told({ secret })]);
  expect(await dataOf(store, 'device-1')).toEqual([{ secret }]);
});

test('any JSON comes back as it was', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (value) => {
      const stream = `device-${randomBytes(6).toString('hex')}`;
      const data = JSON.parse(JSON.stringify({ secret: value as JsonValue })) as JsonObject;
      await store.append(stream, 'none', [told(data)]);
      expect(await dataOf(store, stream)).toEqual([data]);
    }),
    { numRuns: 50 },
  );
});

test('boxes are opened wherever they stand in rows; null where the key is gone', async () => {
  await store.append('device-1', 'none', [told({ secret: { a: 1 }, entry: { inner: 'x' } })]);
  const [stored] = await dataOf(inner, 'device-1');
  const at = new Date();
  const rows = [{ document: { list: [stored?.secret] }, at, number: 7n }];
  expect(await openBoxes(rows, keys)).toEqual([{ document: { list: [{ a: 1 }] }, at, number: 7n }]);
  await keys.retire('device-1');
  expect(await openBoxes(rows, keys)).toEqual([{ document: { list: [null] }, at, number: 7n }]);
});
