import fc from 'fast-check';
import { sentTwiceChangesNothing, specification } from '@app/event-sourcing/specification';
import { ErasureCommand, erasureDecider } from './erasure.decider';

const given = specification(erasureDecider);
const at = '2026-01-01T00:00:00.000Z';
const request: ErasureCommand = {
  type: 'RequestErasure',
  registrationId: 'dev-1',
  reason: 'ticket 7',
  deleteEnrollment: false,
  at,
};
const complete: ErasureCommand = { type: 'CompleteErasure', hubs: [{ hub: 'hub-a', deviceId: 'dev-1', outcome: 'erased' }], at };
const requested = erasureDecider.decide(request, erasureDecider.initialState);
const erased = erasureDecider.decide(complete, erasureDecider.evolve(erasureDecider.initialState, requested[0] as never));

test('an erasure is requested once, whatever the second reason is', () => {
  given([...requested])
    .when({ ...request, reason: 'another', deleteEnrollment: true })
    .thenNothing();
});

test('it is complete when it was asked for, and only then', () => {
  given([]).when(complete).thenNothing();
  given([...requested])
    .when(complete)
    .then(erased);
});

test('a device that has come back may be erased again', () => {
  given([...requested, ...erased])
    .when(request)
    .then(requested);
});

test('every command may be sent twice, as long as nothing came between', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(request, complete), { maxLength: 6 }), (commands) => {
      sentTwiceChangesNothing(erasureDecider, commands);
    }),
  );
});
