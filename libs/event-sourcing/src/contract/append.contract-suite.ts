import { EventTooLarge, InvalidAppend, RevisionConflict } from '../event-store';
import { Current, event, events, ids, newStream, wholeStream } from './support';

const WRITERS = 20;
const BYTES_SURELY_STORED = 100_000;

export function appendContract(current: Current): void {
  const store = () => current().store;

  describe('at an expected revision', () => {
    it('starts a stream with "none", at revision 0', async () => {
      const stream = newStream();
      const { revision } = await store().append(stream, 'none', events(3));
      expect(revision).toBe(2n);
      expect((await wholeStream(store(), stream)).map((stored) => stored.revision)).toEqual([0n, 1n, 2n]);
    });

    it('refuses "none" on a stream that exists', async () => {
      const stream = newStream();
      await store().append(stream, 'none', events(1));
      await expect(store().append(stream, 'none', events(1))).rejects.toBeInstanceOf(RevisionConflict);
      expect(await wholeStream(store(), stream)).toHaveLength(1);
    });

    it('takes "any" on a missing and on an existing stream', async () => {
      const stream = newStream();
      expect((await store().append(stream, 'any', events(2))).revision).toBe(1n);
      expect((await store().append(stream, 'any', events(2))).revision).toBe(3n);
    });

    it('continues at the exact revision', async () => {
      const stream = newStream();
      await store().append(stream, 'none', events(2));
      expect((await store().append(stream, 1n, events(1))).revision).toBe(2n);
    });

    it.each([
      ['behind', 0n],
      ['ahead of', 2n],
    ])('refuses a revision %s the stream and names both', async (_, expected) => {
      const stream = newStream();
      await store().append(stream, 'none', events(2));
      const refused = store().append(stream, expected, events(1));
      await expect(refused).rejects.toBeInstanceOf(RevisionConflict);
      await expect(refused).rejects.toMatchObject({ stream, expected });
      expect(await wholeStream(store(), stream)).toHaveLength(2);
    });

    it('refuses an exact revision of a missing stream', async () => {
      const stream = newStream();
      await expect(store().append(stream, 0n, events(1))).rejects.toBeInstanceOf(RevisionConflict);
      expect((await store().readStream(stream)).exists).toBe(false);
    });

    it('lets exactly one of many writers win a revision', async () => {
      const stream = newStream();
      await store().append(stream, 'none', events(1));
      const attempts = Array.from({ length: WRITERS }, () => store().append(stream, 0n, events(2)));
      const outcomes = await Promise.allSettled(attempts);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
      expect(refusals.every((reason) => reason instanceof RevisionConflict)).toBe(true);
      expect(await wholeStream(store(), stream)).toHaveLength(3);
    });

    it('fails only the append that conflicts among many at once', async () => {
      const [taken, ...free] = Array.from({ length: WRITERS }, () => newStream());
      if (taken === undefined) throw new Error('no streams');
      await store().append(taken, 'none', events(1));
      const outcomes = await Promise.allSettled([taken, ...free].map((stream) => store().append(stream, 'none', events(2))));
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', ...free.map(() => 'fulfilled')]);
      for (const stream of free) expect(await wholeStream(store(), stream)).toHaveLength(2);
    });

    it('stores all of many appends to one stream at "any", each at a revision of its own', async () => {
      const stream = newStream();
      const results = await Promise.all(Array.from({ length: WRITERS }, () => store().append(stream, 'any', events(1))));
      const revisions = results.map(({ revision }) => Number(revision)).sort((a, b) => a - b);
      expect(revisions).toEqual(Array.from({ length: WRITERS }, (_, n) => n));
    });
  });

  describe('as one', () => {
    it('stores the events of an append together, in order', async () => {
      const stream = newStream();
      const appended = events(50);
      await store().append(stream, 'none', appended);
      expect(ids(await wholeStream(store(), stream))).toEqual(ids(appended));
    });

    it('stores nothing of an append with one event that is too large', async () => {
      const stream = newStream();
      const appended = [event(), event({ text: 'x'.repeat(20 * 1024 * 1024) }), event()];
      await expect(store().append(stream, 'any', appended)).rejects.toBeInstanceOf(EventTooLarge);
      expect((await store().readStream(stream)).exists).toBe(false);
    });

    it.each([BYTES_SURELY_STORED, 1_000_000, 1024 * 1024 + 1, 5_000_000])(
      'stores an event of %i bytes whole or refuses it',
      async (bytes) => {
        const stream = newStream();
        const text = 'é'.repeat(bytes / 2);
        const outcome = await store()
          .append(stream, 'none', [event({ text })])
          .catch((error: unknown) => error);
        const stored = await wholeStream(store(), stream);
        if (bytes > BYTES_SURELY_STORED && outcome instanceof EventTooLarge) expect(stored).toEqual([]);
        else expect(stored.map(({ data }) => data)).toEqual([{ text }]);
      },
    );

    it('refuses an append without events, and a stream without a name', async () => {
      await expect(store().append(newStream(), 'any', [])).rejects.toBeInstanceOf(InvalidAppend);
      await expect(store().append('', 'any', events(1))).rejects.toBeInstanceOf(InvalidAppend);
    });
  });

  describe('repeated with the same event ids', () => {
    it.each(['none', 'any', 1n] as const)('gives the answer of the first at expected revision "%s"', async (expected) => {
      const stream = newStream();
      if (typeof expected === 'bigint') await store().append(stream, 'none', events(2));
      const appended = events(3);
      const first = await store().append(stream, expected, appended);
      expect(await store().append(stream, expected, appended)).toEqual(first);
      const stored = await wholeStream(store(), stream);
      expect(ids(stored).slice(-3)).toEqual(ids(appended));
      expect(new Set(ids(stored)).size).toBe(stored.length);
    });

    it('gives the answer of the first when the stream has moved on', async () => {
      const stream = newStream();
      const appended = events(2);
      const first = await store().append(stream, 'none', appended);
      await store().append(stream, 1n, events(4));
      expect(await store().append(stream, 'none', appended)).toEqual(first);
      expect(await wholeStream(store(), stream)).toHaveLength(6);
    });

    it('stores once what is sent twice at the same time', async () => {
      const stream = newStream();
      const appended = events(2);
      const answers = await Promise.all([store().append(stream, 'none', appended), store().append(stream, 'none', appended)]);
      expect(answers[1]).toEqual(answers[0]);
      expect(ids(await wholeStream(store(), stream))).toEqual(ids(appended));
    });

    it('refuses a retry that brings other events along, and stores none of them', async () => {
      const stream = newStream();
      const appended = events(2);
      await store().append(stream, 'none', appended);
      await expect(store().append(stream, 'any', [...appended.slice(1), event()])).rejects.toBeInstanceOf(Error);
      expect(ids(await wholeStream(store(), stream))).toEqual(ids(appended));
    });
  });
}
