import { DomainEvent, EventCodec, RecordedEvent } from '@app/event-sourcing';
import { EnrollmentEvent, enrollmentCodec } from '../enrollments/enrollment.events';
import { RegistrationEvent, registrationCodec } from '../registrations/registration.events';

/** Several projections read the same recorded event one after the other; checking its shape once is enough. */
function decodingOnce<Event extends DomainEvent>(codec: EventCodec<Event>): (recorded: RecordedEvent) => Event {
  const decoded = new WeakMap<RecordedEvent, Event>();
  return (recorded) => {
    const known = decoded.get(recorded);
    if (known !== undefined) return known;
    const event = codec.decode(recorded);
    decoded.set(recorded, event);
    return event;
  };
}

export const decodedRegistrationEvent: (recorded: RecordedEvent) => RegistrationEvent = decodingOnce(registrationCodec);
export const decodedEnrollmentEvent: (recorded: RecordedEvent) => EnrollmentEvent = decodingOnce(enrollmentCodec);

const REGISTRATION_PREFIX = 'registration-';

/** The key of a device in every read model: its registration id in lower case, which the name of its stream carries. */
export function registrationKey(recorded: RecordedEvent): string {
  if (!recorded.stream.startsWith(REGISTRATION_PREFIX)) throw new Error(`${recorded.stream} is not the stream of a registration`);
  return recorded.stream.slice(REGISTRATION_PREFIX.length);
}
