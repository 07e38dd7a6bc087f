import { randomUUID } from 'node:crypto';
import { DomainEvent, EventCodec, RecordedEvent } from '@app/event-sourcing';
import { CampaignEvent, campaignCodec, campaignStream } from '../../campaigns/campaign.events';
import { ErasureEvent, erasureCodec, erasureStream } from '../../erasure/erasure.events';
import { CaCertificateEvent, caCertificateCodec, caCertificatesStream } from '../../certificates/ca-certificate.events';
import { EnrollmentEvent, enrollmentCodec } from '../../enrollments/enrollment.events';
import { RegistrationCommand, registrationDecider } from '../../registrations/registration.decider';
import { RegistrationEvent, registrationCodec, registrationStream } from '../../registrations/registration.events';
import { RegistrationState } from '../../registrations/registration.state';

/** Builders for tests of read models: events as a store would give them back. */

function recorded<Event extends DomainEvent>(
  codec: EventCodec<Event>,
  stream: string,
  events: readonly Event[],
  firstRevision = 0n,
): RecordedEvent[] {
  return events.map((event, index) => {
    const revision = firstRevision + BigInt(index);
    const id = randomUUID();
    const metadata = { actor: { kind: 'system', name: 'test' }, correlationId: id, causationId: id } as const;
    const encoded = codec.encode(event, id, metadata);
    const stored = JSON.parse(JSON.stringify(encoded)) as typeof encoded;
    return { ...stored, stream, revision, position: String(revision + 1n), recordedAt: '2026-01-01T00:00:00.000Z' };
  });
}

export const recordedRegistration = (id: string, events: readonly RegistrationEvent[], firstRevision = 0n): RecordedEvent[] =>
  recorded(registrationCodec, registrationStream(id), events, firstRevision);

export const recordedEnrollment = (stream: string, events: readonly EnrollmentEvent[]): RecordedEvent[] =>
  recorded(enrollmentCodec, stream, events);

export const recordedCaCertificates = (events: readonly CaCertificateEvent[]): RecordedEvent[] =>
  recorded(caCertificateCodec, caCertificatesStream, events);

export const recordedErasure = (registrationId: string, events: readonly ErasureEvent[]): RecordedEvent[] =>
  recorded(erasureCodec, erasureStream(registrationId), events);

export const recordedCampaign = (campaignId: string, events: readonly CampaignEvent[]): RecordedEvent[] =>
  recorded(campaignCodec, campaignStream(campaignId), events);

/** A registration lived through the real decider: each command is decided on the state that the ones before have left. */
export class RegistrationHistory {
  state: RegistrationState = registrationDecider.initialState;
  readonly events: RegistrationEvent[] = [];

  send(...commands: readonly RegistrationCommand[]): this {
    for (const command of commands) {
      for (const event of registrationDecider.decide(command, this.state)) {
        this.state = registrationDecider.evolve(this.state, event);
        this.events.push(event);
      }
    }
    return this;
  }

  /** What the process manager sends for the operation under way, one step after the other. */
  follow(steps: (state: Extract<RegistrationState, { status: 'assigning' }>) => readonly RegistrationCommand[]): this {
    if (this.state.status !== 'assigning') throw new Error(`nothing is under way: ${this.state.status}`);
    return this.send(...steps(this.state));
  }

  recorded(id = 'dev-1'): RecordedEvent[] {
    return recordedRegistration(id, this.events);
  }
}
