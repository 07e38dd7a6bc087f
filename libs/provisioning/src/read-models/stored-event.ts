import { DomainEvent, EventCodec, EventShapes, RecordedEvent } from '@app/event-sourcing';
import { CaCertificateEvent, caCertificateCodec, caCertificateShapes } from '../certificates/ca-certificate.events';
import { EnrollmentEvent, enrollmentCodec, enrollmentShapes } from '../enrollments/enrollment.events';
import { RegistrationEvent, registrationCodec, registrationShapes } from '../registrations/registration.events';

/**
 * An event of the present shape was checked when it was written and cannot have changed since, so it is taken as it is: checking it
 * again would cost 4 to 5 µs, more than the projection itself. Older shapes go through the codec.
 */
function reading<Event extends DomainEvent>(
  codec: EventCodec<Event>,
  shapes: EventShapes<Event>,
): (recorded: RecordedEvent) => Event {
  const versions = new Map(Object.entries<{ readonly version: number }>(shapes).map(([type, { version }]) => [type, version]));
  return (recorded) => {
    const isPresent = versions.get(recorded.type) === (recorded.metadata.schemaVersion ?? 1);
    return isPresent ? ({ type: recorded.type, data: recorded.data } as unknown as Event) : codec.decode(recorded);
  };
}

export const registrationEventOf: (recorded: RecordedEvent) => RegistrationEvent = reading(registrationCodec, registrationShapes);
export const caCertificateEventOf: (recorded: RecordedEvent) => CaCertificateEvent = reading(
  caCertificateCodec,
  caCertificateShapes,
);
export const enrollmentEventOf: (recorded: RecordedEvent) => EnrollmentEvent = reading(enrollmentCodec, enrollmentShapes);

const REGISTRATION_PREFIX = 'registration-';

/** The key of a device in every read model: its registration id in lower case, which the name of its stream carries. */
export function registrationKey(recorded: RecordedEvent): string {
  if (!recorded.stream.startsWith(REGISTRATION_PREFIX)) throw new Error(`${recorded.stream} is not the stream of a registration`);
  return recorded.stream.slice(REGISTRATION_PREFIX.length);
}
