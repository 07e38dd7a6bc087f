import { Actor, JsonObject, RecordedEvent } from '@app/event-sourcing';
import { deviceOf, hubsOf } from '../feed/event-facts';
import { Schema, schema } from '../management/schemas';
import { withoutSecrets } from '../shared/without-secrets';
import { EnrollmentRef, enrollmentOf, versionsOf } from './audit-facts';

/** `provisioning` is the log of this service, `hubs` that of the reference hubs: positions of one mean nothing in the other. */
export type LogName = 'provisioning' | 'hubs';

/** An event as an auditor sees it; times are ISO 8601 UTC, set by the store. */
export interface AuditEvent {
  readonly position: string;
  readonly stream: string;
  readonly revision: string;
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly actor: Actor;
  readonly correlationId: string;
  readonly causationId: string;
  readonly apiVersion: string | null;
  readonly clientVersion: string | null;
  readonly registrationId: string | null;
  readonly enrollment: EnrollmentRef | null;
  readonly hubs: readonly string[];
  readonly log: LogName;
  /** As stored, with its grounds; secrets are withheld. */
  readonly data: JsonObject;
}

export function auditEvent(event: RecordedEvent, log: LogName = 'provisioning'): AuditEvent {
  const { actor, correlationId, causationId } = event.metadata;
  return {
    position: event.position,
    stream: event.stream,
    revision: event.revision.toString(),
    id: event.id,
    type: event.type,
    time: event.recordedAt,
    actor: { kind: actor.kind, name: actor.name },
    correlationId,
    causationId,
    ...versionsOf(event),
    registrationId: deviceOf(event) ?? null,
    enrollment: enrollmentOf(event),
    hubs: [...hubsOf(event)],
    log,
    data: withoutSecrets(event.data) as JsonObject,
  };
}

const { text, word, instant, revision, anyObject, array, orNull, object } = schema;

const properties: { readonly [Key in keyof AuditEvent]-?: Schema } = {
  position: text('Place in the log; opaque.'),
  stream: text(),
  revision: revision(),
  id: text(),
  type: text(),
  time: instant('When it was recorded.'),
  actor: object<Actor>({ kind: word('device', 'operator', 'system'), name: text() }),
  correlationId: text('The same for everything that was done for one request.'),
  causationId: text(),
  apiVersion: orNull(text()),
  clientVersion: orNull(text()),
  registrationId: orNull(text('The device that the event is about, in lower case.')),
  enrollment: orNull(object<EnrollmentRef>({ kind: word('individual', 'group'), id: text() }, 'What changed or what decided.')),
  hubs: array(text()),
  log: word('provisioning', 'hubs'),
  data: anyObject('As stored, with the grounds of a decision; what is sealed is left out.'),
};

export const auditEventSchema = object<AuditEvent>(properties);

/** A neighbour, to be asked for by its position. */
export interface Neighbour {
  readonly position: string;
  readonly stream: string;
  readonly revision: string;
  readonly type: string;
}

export interface WholeAuditEvent extends AuditEvent {
  readonly metadata: JsonObject;
  /** Of the chain through its stream; null where the event has none. */
  readonly hash: string | null;
  readonly previousHash: string | null;
  readonly inStream: { readonly previous: Neighbour | null; readonly next: Neighbour | null };
  readonly inLog: { readonly previous: Neighbour | null; readonly next: Neighbour | null };
}

const neighbour = orNull(object<Neighbour>({ position: text(), stream: text(), revision: revision(), type: text() }));
const neighbours = object<WholeAuditEvent['inLog']>({ previous: neighbour, next: neighbour });

export const wholeAuditEventSchema = object<WholeAuditEvent>({
  ...properties,
  metadata: anyObject('Everything that is stored beside the data.'),
  hash: orNull(text('SHA-256 of the event and the hash before it, base64url.')),
  previousHash: orNull(text('Empty for the first event of a stream.')),
  inStream: neighbours,
  inLog: neighbours,
});

export function neighbourOf(event: RecordedEvent | undefined): Neighbour | null {
  if (event === undefined) return null;
  const { position, stream, type } = event;
  return { position, stream, revision: event.revision.toString(), type };
}
