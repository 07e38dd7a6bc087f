import {
  AppendResult,
  EventBatch,
  EventStore,
  EventToAppend,
  ExpectedRevision,
  Position,
  ReadStreamOptions,
  RecordedEvent,
  StreamSlice,
  SubscribeOptions,
} from '@app/event-sourcing';
import { keyIdOfBox, open, seal, SealedBox, SubjectKey } from './box';
import { isEmpty, ProtectedField, SealingPolicy, valueAt, withValueAt } from './sealed-fields';
import { SubjectKeys } from './subject-keys';

/**
 * Any event store, with what events say of a subject sealed under the subject's key before it is stored, and opened when it is read.
 * Where the key is gone, the field's empty value stands instead, and the event's metadata names the field in `erased`.
 */
export class SealingEventStore implements EventStore {
  constructor(
    private readonly inner: EventStore,
    private readonly policy: SealingPolicy,
    private readonly keys: SubjectKeys,
  ) {}

  async append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    const subject = this.policy.subjectOf(stream);
    const isBare = subject === undefined || !events.some((event) => this.toSeal(event).length > 0);
    if (isBare) return this.inner.append(stream, expected, events);
    const key = await this.keys.keyFor(subject);
    return this.inner.append(
      stream,
      expected,
      events.map((event) => this.sealed(event, key)),
    );
  }

  async readStream(stream: string, options?: ReadStreamOptions): Promise<StreamSlice> {
    const { exists, events } = await this.inner.readStream(stream, options);
    return { exists, events: await this.opened(events) };
  }

  async *subscribeToAll(options: SubscribeOptions): AsyncGenerator<EventBatch> {
    for await (const batch of this.inner.subscribeToAll(options)) yield { ...batch, events: await this.opened(batch.events) };
  }

  headPosition(): Promise<Position | 'start'> {
    return this.inner.headPosition();
  }

  comparePositions(a: Position | 'start', b: Position | 'start'): number {
    return this.inner.comparePositions(a, b);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  /** Events as a store below this one has them, opened. */
  async opened(events: readonly RecordedEvent[]): Promise<readonly RecordedEvent[]> {
    const ids = new Set<string>();
    for (const { type, data } of events) {
      for (const { path } of this.policy.fieldsOf(type)) {
        const id = keyIdOfBox(valueAt(data, path));
        if (id !== undefined) ids.add(id);
      }
    }
    if (ids.size === 0) return events;
    const keys = await this.keys.find([...ids]);
    return events.map((event) => this.openedWith(event, keys));
  }

  private toSeal({ type, data }: EventToAppend): readonly ProtectedField[] {
    return this.policy.fieldsOf(type).filter((field) => !isEmpty(valueAt(data, field.path), field));
  }

  private sealed(event: EventToAppend, key: SubjectKey): EventToAppend {
    let { data } = event;
    for (const { path } of this.toSeal(event)) {
      const value = valueAt(data, path) ?? null;
      data = withValueAt(data, path, { ...seal(value, key, `${event.id.toLowerCase()} ${path}`) });
    }
    return { ...event, data };
  }

  private openedWith(event: RecordedEvent, keys: ReadonlyMap<string, Buffer>): RecordedEvent {
    let { data } = event;
    const erased: string[] = [];
    for (const { path, erased: empty } of this.policy.fieldsOf(event.type)) {
      const value = valueAt(data, path);
      const id = keyIdOfBox(value);
      if (id === undefined) continue;
      const key = keys.get(id);
      if (key === undefined) erased.push(path);
      const plain = key === undefined ? empty : open(value as SealedBox, key);
      data = withValueAt(data, path, plain);
    }
    if (data === event.data) return event;
    const metadata = erased.length === 0 ? event.metadata : { ...event.metadata, erased };
    return { ...event, data, metadata };
  }
}
