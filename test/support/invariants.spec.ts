import { individualEnrollmentStream } from '@app/provisioning';
import { RegistrationHistory, recordedEnrollment, recordedRegistration } from '@app/provisioning/read-models/testing/recorded';
import { entry, instantOf, register, stepsOf } from '@app/provisioning/registrations/testing/commands';
import { etagOf } from '@app/provisioning/shared/etag';
import { Answers, storedViolations } from './invariants';

const id = 'dev-1';
const listed = (hub: string): { entry: { allocationPolicy: 'static'; iotHubs: string[] } } => ({
  entry: { allocationPolicy: 'static', iotHubs: [hub] },
});
/** AssignmentStarted at revision 0, DeviceAssigned at 1. */
const lived = new RegistrationHistory().send(register(listed('hub-a'))).follow(stepsOf);
const stream = individualEnrollmentStream(id);
const saved = recordedEnrollment(stream, [
  { type: 'EnrollmentCreated', data: { entry: entry({ iotHubs: ['hub-a'] }), at: instantOf(0) } },
]);

const against = (answers: Answers, events = lived.events): string[] =>
  storedViolations({ service: [...saved, ...recordedRegistration(id, events)], hubs: [] }, answers);

const told = { registrationId: id, operationId: 'op-1', hub: 'hub-a', substatus: 'initialAssignment' };
const reading = { registrationId: id, from: 'somebody', revision: 0n, status: 'assigning', hub: null };
const answer = { stream, etag: etagOf(0n), iotHubs: ['hub-a'] };

describe('the logs', () => {
  it('have nothing against answers that they bear out', () => {
    const later = { ...reading, revision: 1n, status: 'assigned', hub: 'hub-a' };
    expect(against({ told: [told], saved: [answer], readings: [reading, later] })).toEqual([]);
  });

  it.each([{ operationId: 'op-2' }, { hub: 'hub-b' }, { substatus: 'deviceDataReset' }])(
    'show that a device was told something else: %j',
    (other) => expect(against({ told: [{ ...told, ...other }] })).toEqual([expect.stringMatching(/^I1: dev-1 was told/)]),
  );

  it.each([{ etag: etagOf(1n) }, { iotHubs: ['hub-b'] }, { stream: 'individualEnrollment-dev-2' }])(
    'show that an enrollment is not as it was answered: %j',
    (other) => expect(against({ saved: [{ ...answer, ...other }] })).toEqual([expect.stringMatching(/^I1: .* was saved as/)]),
  );

  it('show a reader who was told that a device had arrived before it had, or of another hub', () => {
    const breach = [expect.stringMatching(/^I7: somebody said/)];
    expect(against({ readings: [{ ...reading, status: 'assigned', hub: 'hub-a' }] })).toEqual(breach);
    expect(against({ readings: [{ ...reading, revision: 1n }] })).toEqual(breach);
    expect(against({ readings: [{ ...reading, revision: 1n, status: 'assigned', hub: 'hub-b' }] })).toEqual(breach);
  });

  it('show an operation that does not end, ends twice, or begins within another', () => {
    const [start, end] = lived.events;
    if (start === undefined || end === undefined) throw new Error('the history has two events');
    expect(against({}, [start])).toEqual(['dev-1 is still assigning']);
    expect(against({}, [start, end, end])).toEqual(['I9: dev-1 ended op-1 out of turn']);
    expect(against({}, [start, start, end])).toEqual(['I9: dev-1 began op-1 out of turn']);
  });
});
