import { DomainEvent, EventMetadata, EventToAppend, JsonObject, RecordedEvent } from './events';

/** One stored type: checks data on the way in and out, and lifts older shapes. */
export interface EventShape<Data> {
  /** Current version of the shape; the first is 1. */
  readonly version: number;
  /** Returns the data, typed; throws with a message that names the field when the shape is wrong. */
  parse(data: unknown): Data;
  /** `upcasters[n]` turns data of version n into version n + 1. */
  readonly upcasters?: Readonly<Record<number, (data: JsonObject) => JsonObject>>;
}

export type EventShapes<Event extends DomainEvent> = {
  readonly [Type in Event['type']]: EventShape<Extract<Event, { type: Type }>['data']>;
};

export class UnknownEventType extends Error {
  constructor(readonly eventType: string) {
    super(`unknown event type "${eventType}"`);
    this.name = 'UnknownEventType';
  }
}

export class MalformedEvent extends Error {
  constructor(
    readonly eventType: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`event ${eventType} does not have its stored shape: ${reason}`, options);
    this.name = 'MalformedEvent';
  }
}

/** Between domain events and what a store keeps; unknown types and wrong shapes are refused in both directions. */
export class EventCodec<Event extends DomainEvent> {
  private readonly shapes: ReadonlyMap<string, EventShape<unknown>>;

  constructor(shapes: EventShapes<Event>) {
    this.shapes = new Map(Object.entries<EventShape<unknown>>(shapes));
  }

  get types(): readonly string[] {
    return [...this.shapes.keys()];
  }

  knows(type: string): boolean {
    return this.shapes.has(type);
  }

  encode(event: Event, id: string, metadata: EventMetadata): EventToAppend {
    const shape = this.shapeOf(event.type);
    const data = this.parse(event.type, shape, event.data) as JsonObject;
    return {
      id,
      type: event.type,
      data,
      metadata: shape.version === 1 ? metadata : { ...metadata, schemaVersion: shape.version },
    };
  }

  decode(recorded: Pick<RecordedEvent, 'type' | 'data' | 'metadata'>): Event {
    const shape = this.shapeOf(recorded.type);
    const stored = recorded.metadata.schemaVersion ?? 1;
    if (stored > shape.version) {
      throw new MalformedEvent(recorded.type, `version ${stored} is newer than this program's ${shape.version}`);
    }
    let data = recorded.data;
    for (let version = stored; version < shape.version; version++) {
      const upcast = shape.upcasters?.[version];
      if (upcast === undefined) throw new MalformedEvent(recorded.type, `no upcaster from version ${version}`);
      data = upcast(data);
    }
    return { type: recorded.type, data: this.parse(recorded.type, shape, data) } as Event;
  }

  private shapeOf(type: string): EventShape<unknown> {
    const shape = this.shapes.get(type);
    if (shape === undefined) throw new UnknownEventType(type);
    return shape;
  }

  private parse(type: string, shape: EventShape<unknown>, data: unknown): unknown {
    try {
      return shape.parse(data);
    } catch (cause) {
      throw new MalformedEvent(type, cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }
}
