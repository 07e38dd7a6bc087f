/** An event as the peer keeps it; data and metadata are the bytes that came over the wire. */
export interface PeerRecord {
  readonly id: string;
  readonly stream: string;
  readonly revision: bigint;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
  /** Commit and prepare position, which are the same in this log. */
  readonly position: bigint;
  /** 100 ns ticks since 1970, as the server writes them. */
  readonly createdTicks: string;
}

export type ProposedRecord = Pick<PeerRecord, 'id' | 'type' | 'contentType' | 'data' | 'metadata'>;

export type PeerExpectation = 'none' | 'any' | 'exists' | bigint;

export type AppendOutcome =
  | { readonly kind: 'stored'; readonly last: PeerRecord }
  | { readonly kind: 'conflict'; readonly current: bigint | undefined }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'too-large'; readonly sizeMaxBytes: number };

/** The server's default for all events of one append together. */
const APPEND_SIZE_MAX_BYTES = 1024 * 1024;

const TICKS_PER_MS = 10_000n;

/** Bytes of a record beside what it carries: positions of a real log are sparse, and nobody may count on their distance. */
const RECORD_OVERHEAD_BYTES = 137;

/** What a member of the peer stores: streams, one total order, and the rules of appending as the real server has them. */
export class PeerLog {
  readonly records: PeerRecord[] = [];
  private readonly streams = new Map<string, PeerRecord[]>();
  private readonly truncatedBefore = new Map<string, bigint>();
  private readonly tombstoned = new Set<string>();
  private readonly byId = new Map<string, PeerRecord>();
  private readonly listeners = new Set<() => void>();
  private nextPosition = 0n;

  constructor(readonly appendSizeMaxBytes = APPEND_SIZE_MAX_BYTES) {
    // A fresh server is not empty either: its own events come first.
    this.appendSystemEvent('$UserCreated', '$user-admin');
  }

  append(stream: string, expected: PeerExpectation, events: readonly ProposedRecord[]): AppendOutcome {
    if (this.tombstoned.has(stream)) return { kind: 'deleted' };
    const sizeBytes = events.reduce((sum, event) => sum + event.data.length + event.metadata.length + 2 * event.type.length, 0);
    if (sizeBytes > this.appendSizeMaxBytes) return { kind: 'too-large', sizeMaxBytes: this.appendSizeMaxBytes };
    const before = this.storedBefore(stream, expected, events);
    if (before !== undefined) return { kind: 'stored', last: before };
    if (expected === 'any' && this.byId.get(events[0]?.id ?? '')?.stream === stream) {
      return { kind: 'conflict', current: this.currentRevision(stream) };
    }
    const current = this.currentRevision(stream);
    if (!this.holds(stream, expected, current)) return { kind: 'conflict', current };
    const stored = events.map((event, index) => this.store(stream, (current ?? -1n) + 1n + BigInt(index), event));
    const last = stored.at(-1);
    if (last === undefined) return { kind: 'conflict', current };
    for (const listener of [...this.listeners]) listener();
    return { kind: 'stored', last };
  }

  /** undefined when there is no such stream; throws nothing for a tombstoned one (ask `isTombstoned`). */
  readStream(stream: string): readonly PeerRecord[] | undefined {
    const before = this.truncatedBefore.get(stream) ?? 0n;
    const records = this.streams.get(stream)?.filter(({ revision }) => revision >= before);
    return records === undefined || records.length === 0 ? undefined : records;
  }

  /** Soft delete: the stream is gone for readers and goes on at the next revision when it is written again. */
  truncate(stream: string): PeerRecord {
    this.truncatedBefore.set(stream, (this.currentRevision(stream) ?? -1n) + 1n);
    return this.appendSystemEvent('$metadata', `$$${stream}`);
  }

  tombstone(stream: string): PeerRecord {
    this.tombstoned.add(stream);
    return this.appendSystemEvent('$streamDeleted', stream);
  }

  isTombstoned(stream: string): boolean {
    return this.tombstoned.has(stream);
  }

  appendSystemEvent(type: string, stream: string): PeerRecord {
    const revision = BigInt(this.streams.get(stream)?.length ?? 0);
    const nothing = new TextEncoder().encode('{}');
    const id = `00000000-0000-4000-8000-${String(this.records.length).padStart(12, '0')}`;
    const record = this.store(stream, revision, { id, type, contentType: 'application/json', data: nothing, metadata: nothing });
    for (const listener of [...this.listeners]) listener();
    return record;
  }

  /** What nobody can ask a server for, only do to its files: the data of a stored event is another text. */
  tamper(stream: string, type: string, change: (data: string) => string): void {
    const records = this.streams.get(stream) ?? [];
    const index = records.findIndex((record) => record.type === type);
    const record = records[index];
    if (record === undefined) throw new RangeError(`stream ${stream} has no ${type}`);
    const data = new TextEncoder().encode(change(new TextDecoder().decode(record.data)));
    records[index] = { ...record, data };
    this.records[this.records.indexOf(record)] = { ...record, data };
  }

  /** Calls `listener` after every append; returns what takes it off again. */
  onAppend(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The last of `events` when they, or the beginning of them that was asked for, are where they would go. */
  private storedBefore(stream: string, expected: PeerExpectation, events: readonly ProposedRecord[]): PeerRecord | undefined {
    const stored = this.streams.get(stream) ?? [];
    const first = events[0];
    if (first === undefined) return undefined;
    const known = this.byId.get(first.id);
    const searched = typeof expected === 'bigint' ? expected + 1n : expected === 'none' ? 0n : known?.revision;
    if (searched === undefined || known?.stream !== stream) return undefined;
    const found = events.map((event, index) => ({ event, record: stored[Number(searched) + index] }));
    return found.every(({ event, record }) => record?.id === event.id) ? found.at(-1)?.record : undefined;
  }

  private holds(stream: string, expected: PeerExpectation, current: bigint | undefined): boolean {
    if (expected === 'any') return true;
    const isAbsent = current === undefined || current < (this.truncatedBefore.get(stream) ?? 0n);
    if (expected === 'none') return isAbsent;
    if (expected === 'exists') return !isAbsent;
    return current === expected;
  }

  private currentRevision(stream: string): bigint | undefined {
    return this.streams.get(stream)?.at(-1)?.revision;
  }

  private store(stream: string, revision: bigint, event: ProposedRecord): PeerRecord {
    const position = this.nextPosition;
    this.nextPosition += BigInt(RECORD_OVERHEAD_BYTES + event.data.length + event.metadata.length);
    const createdTicks = String(BigInt(Date.now()) * TICKS_PER_MS);
    const record: PeerRecord = { ...event, stream, revision, position, createdTicks };
    this.records.push(record);
    this.byId.set(event.id, record);
    const records = this.streams.get(stream);
    if (records === undefined) this.streams.set(stream, [record]);
    else records.push(record);
    return record;
  }
}
