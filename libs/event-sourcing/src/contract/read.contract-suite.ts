import { JsonObject } from '../events';
import { Current, event, events, expectAscending, ids, metadata, newStream, wholeStream } from './support';

/** More than any adapter's page. */
const LONG_STREAM_EVENTS = 2_500;
const APPEND_EVENTS = 250;

export function readContract(current: Current): void {
  const store = () => current().store;

  async function streamOf(count: number): Promise<string> {
    const stream = newStream();
    await store().append(stream, 'none', events(count));
    return stream;
  }
  const numbers = (list: readonly { readonly data: JsonObject }[]) => list.map(({ data }) => data.n);

  it('says that a stream never written is missing', async () => {
    expect(await store().readStream(newStream())).toEqual({ exists: false, events: [] });
    expect(await store().readStream(newStream(), { fromRevision: 3n })).toEqual({ exists: false, events: [] });
    expect(await store().readStream(newStream(), { direction: 'backward' })).toEqual({ exists: false, events: [] });
    expect(await store().readStream('')).toEqual({ exists: false, events: [] });
  });

  it('says that a stream read past its end exists', async () => {
    const stream = await streamOf(2);
    expect(await store().readStream(stream, { fromRevision: 2n })).toEqual({ exists: true, events: [] });
    expect(await store().readStream(stream, { fromRevision: 2n, maxCount: 10 })).toEqual({ exists: true, events: [] });
  });

  it('reads forward from a revision, with a limit', async () => {
    const stream = await streamOf(5);
    expect(numbers((await store().readStream(stream)).events)).toEqual([0, 1, 2, 3, 4]);
    expect(numbers((await store().readStream(stream, { fromRevision: 3n })).events)).toEqual([3, 4]);
    expect(numbers((await store().readStream(stream, { maxCount: 2 })).events)).toEqual([0, 1]);
    expect(numbers((await store().readStream(stream, { fromRevision: 1n, maxCount: 2 })).events)).toEqual([1, 2]);
  });

  it('reads backward from a revision, with a limit', async () => {
    const stream = await streamOf(5);
    const backward = 'backward' as const;
    expect(numbers((await store().readStream(stream, { direction: backward })).events)).toEqual([4, 3, 2, 1, 0]);
    expect(numbers((await store().readStream(stream, { direction: backward, maxCount: 1 })).events)).toEqual([4]);
    const slice = await store().readStream(stream, { direction: backward, fromRevision: 3n, maxCount: 2 });
    expect(numbers(slice.events)).toEqual([3, 2]);
  });

  it('reads all of a long stream when no limit is given', async () => {
    const stream = newStream();
    for (let n = 0; n < LONG_STREAM_EVENTS; n += APPEND_EVENTS) await store().append(stream, 'any', events(APPEND_EVENTS));
    const forward = await wholeStream(store(), stream);
    expect(forward).toHaveLength(LONG_STREAM_EVENTS);
    expectAscending(store(), forward);
    const { events: backward } = await store().readStream(stream, { direction: 'backward' });
    expect(ids(backward)).toEqual(ids(forward).reverse());
  });

  it('gives back every value of JSON and every character', async () => {
    const stream = newStream();
    const data: JsonObject = {
      text: 'Zürich – 東京 – 🚀 – \u0000 \u001f \u007f \u2028 \\ "quoted" \ud800 end',
      'key with spaces, "quotes" and ünïcode': true,
      numbers: [0, -1, 1.5, 1e21, 5e-324, Number.MAX_SAFE_INTEGER],
      nothing: null,
      empty: [{}, [], ''],
      nested: { a: { b: { c: [[[1]]] } } },
    };
    const rich = { ...metadata, actor: { kind: 'operator' as const, name: 'Žofie 🛰' }, extra: { deep: ['\u0000', null] } };
    await store().append(stream, 'none', [{ ...event(data), metadata: rich }]);
    const [stored] = await wholeStream(store(), stream);
    expect(stored?.data).toEqual(data);
    // A store may keep something of its own beside it.
    expect(stored?.metadata).toMatchObject(rich);
  });

  it('gives back id, type, stream, position and time', async () => {
    const stream = newStream();
    const appended = event({}, 'Device-Moved.v2');
    const beforeMs = Date.now();
    const { position } = await store().append(stream, 'none', [appended]);
    const [stored] = await wholeStream(store(), stream);
    expect(stored).toMatchObject({ id: appended.id, type: 'Device-Moved.v2', stream, revision: 0n });
    expect(store().comparePositions(stored?.position ?? 'start', position)).toBe(0);
    expect(stored?.recordedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    const clockSkewMs = 60_000;
    expect(Math.abs(Date.parse(stored?.recordedAt ?? '') - beforeMs)).toBeLessThan(clockSkewMs);
  });

  it('keeps streams apart whose names differ little', async () => {
    const base = newStream('näme/with:odd "characters" %_\\');
    const names = [base, `${base} `, base.toUpperCase(), `${base}-1`];
    for (const [n, name] of names.entries()) await store().append(name, 'none', [event({ n })]);
    for (const [n, name] of names.entries()) expect(numbers(await wholeStream(store(), name))).toEqual([n]);
  });

  it('gives out copies', async () => {
    const stream = newStream();
    const appended = event({ list: [1] });
    await store().append(stream, 'none', [appended]);
    (appended.data.list as number[]).push(2);
    const [first] = await wholeStream(store(), stream);
    (first?.data.list as number[]).push(3);
    expect((await wholeStream(store(), stream))[0]?.data).toEqual({ list: [1] });
  });

  it('knows its newest position', async () => {
    const first = await store().append(newStream(), 'none', events(1));
    const second = await store().append(newStream(), 'none', events(1));
    const head = await store().headPosition();
    expect(store().comparePositions(first.position, second.position)).toBeLessThan(0);
    expect(store().comparePositions(head, second.position)).toBeGreaterThanOrEqual(0);
    expect(store().comparePositions('start', first.position)).toBeLessThan(0);
    expect(store().comparePositions('start', 'start')).toBe(0);
  });
}
