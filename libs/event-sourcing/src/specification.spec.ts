import fc from 'fast-check';
import { sentTwiceChangesNothing, specification } from './specification';
import { door, DoorCommand, DoorEvent, DoorState } from './testing/door';
import { Decider } from './decider';

const given = specification(door);
const opened: DoorEvent = { type: 'DoorOpened', data: { by: 'ann' } };
const bricked: DoorEvent = { type: 'DoorBrickedUp', data: {} };

describe('specification', () => {
  it('reads as sentences about events', () => {
    given([]).when({ type: 'open', by: 'ann' }).then([opened]);
    given([opened]).when({ type: 'open', by: 'bob' }).thenNothing();
    given([opened, bricked]).when({ type: 'open', by: 'ann' }).thenRejected('bricked-up');
    given([opened]).when({ type: 'brickUp' }).thenState('bricked up');
  });

  it('fails when something else happens', () => {
    expect(() => given([]).when({ type: 'open', by: 'ann' }).then([bricked])).toThrow();
    expect(() => given([]).when({ type: 'open', by: 'ann' }).thenNothing()).toThrow();
    expect(() => given([]).when({ type: 'open', by: 'ann' }).thenRejected('bricked-up')).toThrow();
    expect(() => given([bricked]).when({ type: 'open', by: 'ann' }).thenRejected('locked')).toThrow();
    expect(() => given([bricked]).when({ type: 'open', by: 'ann' }).then([opened])).toThrow();
    expect(() => given([opened]).when({ type: 'brickUp' }).thenState('open')).toThrow();
  });
});

describe('sent twice changes nothing', () => {
  const command: fc.Arbitrary<DoorCommand> = fc.oneof(
    fc.record({ type: fc.constant('open' as const), by: fc.string() }),
    fc.record({ type: fc.constant('close' as const), by: fc.string() }),
    fc.constant({ type: 'brickUp' as const }),
  );

  it('holds for a decider that keeps the rule', () => {
    fc.assert(fc.property(fc.array(command), (commands) => sentTwiceChangesNothing(door, commands)));
  });

  it('finds a decider that breaks it', () => {
    const forgetful: Decider<DoorState, DoorCommand, DoorEvent> = { ...door, evolve: (state) => state };
    expect(() => sentTwiceChangesNothing(forgetful, [{ type: 'open', by: 'ann' }])).toThrow();
  });

  it('compares the repetition that a client would send', () => {
    const slam: Decider<DoorState, DoorCommand, DoorEvent> = {
      ...door,
      decide: (given, state) => (given.type === 'close' ? [opened] : door.decide(given, state)),
    };
    const commands: DoorCommand[] = [{ type: 'open', by: 'ann' }];
    expect(() => sentTwiceChangesNothing(slam, commands, (): DoorCommand => ({ type: 'close', by: 'ann' }))).toThrow();
  });
});
