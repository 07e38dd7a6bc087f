import { generateKeyPairSync, KeyObject, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStore, EventToAppend, JsonObject } from '@app/event-sourcing';
import { ChainedEventStore } from '../chained-event-store';
import { RootFile } from '../root-file';
import { RootSigner } from '../root-signer';
import { SignedRoot } from '../roots';
import { Verdict, verifyLog } from '../verify';

export const macKey = Buffer.alloc(32, 7);

/** A log with its chain, its roots in a file of its own, and the keys to check both. */
export class SignedLog {
  readonly chained: ChainedEventStore;
  readonly keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } = generateKeyPairSync('ed25519');

  private constructor(
    readonly store: EventStore,
    private readonly directory: string,
  ) {
    this.chained = new ChainedEventStore(store, macKey);
  }

  static async open(store: EventStore): Promise<SignedLog> {
    return new SignedLog(store, await mkdtemp(join(tmpdir(), 'rehome-roots-')));
  }

  get file(): RootFile {
    return new RootFile(join(this.directory, 'roots.ndjson'));
  }

  /** `count` events over `streams` streams, in batches of one to three. */
  async fill(count: number, streams: number): Promise<void> {
    for (let number = 0, append = 0; number < count; append++) {
      const size = Math.min((append % 3) + 1, count - number);
      const events = Array.from({ length: size }, (_, index) => event({ n: number + index }));
      await this.chained.append(`stream-${append % streams}`, 'any', events);
      number += size;
    }
  }

  signer(eventsMax: number): RootSigner {
    const { chained: store, file, keys } = this;
    return new RootSigner({ name: 'log', store, file, privateKey: keys.privateKey, macKey, eventsMax });
  }

  /** Signs all there is, in roots of `eventsMax` events and one for the rest. */
  async sign(eventsMax: number): Promise<void> {
    const signer = this.signer(eventsMax);
    await signer.start();
    const head = await this.store.headPosition();
    while (this.store.comparePositions(signer.position, head) < 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await signer.stop();
  }

  async roots(): Promise<SignedRoot[]> {
    const roots: SignedRoot[] = [];
    for await (const root of this.file.read()) if (root !== null) roots.push(root);
    return roots;
  }

  verify(
    options: { from?: string; to?: string; store?: EventStore; roots?: readonly (SignedRoot | null)[] } = {},
  ): Promise<Verdict> {
    const { from, to, store = this.store, roots } = options;
    const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
    const given = roots === undefined ? this.file.read() : inOrder(roots);
    return verifyLog({ log: 'log', store, roots: given, publicKey: this.keys.publicKey, macKey, ...range });
  }

  async close(): Promise<void> {
    await this.store.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export function event(data: JsonObject): EventToAppend {
  const id = randomUUID();
  const metadata = { actor: { kind: 'operator', name: 'Zoë' }, correlationId: id, causationId: id } as const;
  return { id, type: 'SomethingHappened', data: { text: 'ünï "q"', nested: { b: [1, 2.5, null], a: true }, ...data }, metadata };
}

async function* inOrder<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  await Promise.resolve();
  yield* items;
}
