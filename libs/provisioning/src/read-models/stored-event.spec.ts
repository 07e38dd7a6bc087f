import { MalformedEvent, RecordedEvent, UnknownEventType } from '@app/event-sourcing';
import { instantOf } from '../registrations/testing/commands';
import { registrationEventOf, registrationKey } from './stored-event';
import { recordedRegistration } from './testing/recorded';

const [deleted] = recordedRegistration('Dev-1', [{ type: 'RegistrationDeleted', data: { at: instantOf(1) } }]) as [RecordedEvent];

test('an event of the present shape is read as it was written', () => {
  expect(registrationEventOf(deleted)).toEqual({ type: 'RegistrationDeleted', data: { at: instantOf(1) } });
});

test('an event of a shape that this program does not know stops the projection', () => {
  const newer = { ...deleted, metadata: { ...deleted.metadata, schemaVersion: 99 } };
  expect(() => registrationEventOf(newer)).toThrow(MalformedEvent);
  expect(() => registrationEventOf({ ...deleted, type: 'SomethingElse' })).toThrow(UnknownEventType);
});

test('the key of a device is its registration id in lower case', () => {
  expect(registrationKey(deleted)).toBe('dev-1');
  expect(() => registrationKey({ ...deleted, stream: 'individualEnrollment-dev-1' })).toThrow(
    'is not the stream of a registration',
  );
});
