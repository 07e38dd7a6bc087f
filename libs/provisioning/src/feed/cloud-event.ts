import { JsonObject, RecordedEvent } from '@app/event-sourcing';
import { withoutSecrets } from '../shared/without-secrets';
import { subjectOf } from './event-facts';

export const CLOUD_EVENT_CONTENT_TYPE = 'application/cloudevents+json';
/** Before the stored type: `rehome.DeviceAssigned`. */
export const CLOUD_EVENT_TYPE_PREFIX = 'rehome.';
const SPEC_VERSION = '1.0';
const SOURCE = '/rehome/provisioning';
const DATA_CONTENT_TYPE = 'application/json';

/**
 * An event of the log as CloudEvents 1.0 in JSON. `id` is that of the stored event, so that one which is delivered twice is known by it;
 * `data` is as stored, secrets withheld. Names of extension attributes have lower-case letters and digits only, as the specification wants it.
 */
export interface CloudEvent {
  readonly specversion: typeof SPEC_VERSION;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** The registration id of a device; for other streams, the stream. */
  readonly subject: string;
  /** When it was stored. */
  readonly time: string;
  readonly datacontenttype: typeof DATA_CONTENT_TYPE;
  readonly stream: string;
  /** Place in the stream, decimal. */
  readonly revision: string;
  /** Place in the log: where a reader goes on from. */
  readonly position: string;
  readonly correlationid: string;
  readonly causationid: string;
  readonly actorkind: string;
  readonly actorname: string;
  readonly data: JsonObject;
}

export function cloudEvent(event: RecordedEvent): CloudEvent {
  const { actor, correlationId, causationId } = event.metadata;
  return {
    specversion: SPEC_VERSION,
    id: event.id,
    source: SOURCE,
    type: `${CLOUD_EVENT_TYPE_PREFIX}${event.type}`,
    subject: subjectOf(event),
    time: event.recordedAt,
    datacontenttype: DATA_CONTENT_TYPE,
    stream: event.stream,
    revision: event.revision.toString(),
    position: event.position,
    correlationid: correlationId,
    causationid: causationId,
    actorkind: actor.kind,
    actorname: actor.name,
    data: withoutSecrets(event.data) as JsonObject,
  };
}
