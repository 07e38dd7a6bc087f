import { EventStoreUnavailable } from '@app/event-sourcing';
import { AppendQueue, BATCH_APPENDS_MAX, WAITING_APPENDS_MAX, WAITING_CHARS_MAX } from './append-queue';
import { PendingAppend } from './pending-append';

/** A queue whose batches are held until they are released. */
function heldQueue() {
  const batches: string[][] = [];
  const releases: (() => void)[] = [];
  const queue = new AppendQueue(async (batch) => {
    batches.push(batch.map(({ stream }) => stream));
    await new Promise<void>((resolve) => releases.push(resolve));
    batch.forEach((append) => append.resolve({ revision: 0n, position: '1' }));
  });
  const push = (stream: string, chars = 100) =>
    new Promise((resolve, reject) =>
      queue.push({ stream, expected: 'any', events: [], chars, resolve, reject } satisfies PendingAppend),
    );
  const nextBatch = async (): Promise<string[]> => {
    const before = batches.length;
    releases.shift()?.();
    while (batches.length === before) await new Promise((resolve) => setImmediate(resolve));
    return batches.at(-1) ?? [];
  };
  return { queue, push, nextBatch, batches, releases };
}

describe('append queue', () => {
  it('makes one batch of what comes in the same turn, and one of what comes while that is on its way', async () => {
    const { push, nextBatch } = heldQueue();
    void push('a');
    void push('b');
    expect(await nextBatch()).toEqual(['a', 'b']);
    for (const stream of ['c', 'd', 'e']) void push(stream);
    expect(await nextBatch()).toEqual(['c', 'd', 'e']);
  });

  it('has one batch on its way at a time', async () => {
    const { push, nextBatch, batches } = heldQueue();
    void push('a');
    await nextBatch();
    void push('b');
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(batches).toEqual([['a']]);
  });

  it('limits a batch by number and by size, but takes at least one', async () => {
    const { push, nextBatch } = heldQueue();
    for (let n = 0; n < BATCH_APPENDS_MAX + 1; n++) void push(`s${n}`);
    void push('big', 5_000_000);
    void push('small');
    expect(await nextBatch()).toHaveLength(BATCH_APPENDS_MAX);
    expect(await nextBatch()).toEqual([`s${BATCH_APPENDS_MAX}`]);
    expect(await nextBatch()).toEqual(['big']);
    expect(await nextBatch()).toEqual(['small']);
  });

  it('refuses more than may wait', async () => {
    const { push } = heldQueue();
    for (let n = 0; n < WAITING_APPENDS_MAX; n++) void push('s');
    await expect(push('one too many')).rejects.toBeInstanceOf(EventStoreUnavailable);
    const { push: pushBig } = heldQueue();
    for (let chars = 0; chars <= WAITING_CHARS_MAX; chars += 4_000_000) void pushBig('s', 4_000_000);
    await expect(pushBig('s', 1)).rejects.toBeInstanceOf(EventStoreUnavailable);
  });

  it('settles what was taken before it closes, and takes nothing more', async () => {
    const { queue, push, nextBatch, releases } = heldQueue();
    const first = push('a');
    await nextBatch();
    const second = push('b');
    const closing = queue.close();
    await expect(push('late')).rejects.toBeInstanceOf(EventStoreUnavailable);
    await nextBatch();
    releases.shift()?.();
    await closing;
    await expect(Promise.all([first, second])).resolves.toHaveLength(2);
  });
});
