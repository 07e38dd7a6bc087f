import fc from 'fast-check';
import { fold, Rejected } from '@app/event-sourcing';
import { EnrollmentCommand, enrollmentDecider, EnrollmentState } from './enrollment.decider';
import { EnrollmentEvent } from './enrollment.events';
import { at, create, noKeys, seal, update, x509 } from './testing/commands';

const after = (events: readonly EnrollmentEvent[]): EnrollmentState => fold(enrollmentDecider, events);

describe('every accepted command', () => {
  const attestations = fc.oneof(
    fc.constant(noKeys),
    fc
      .tuple(fc.constantFrom('a', 'b'), fc.constantFrom('a', 'b', null))
      .map(([first, second]) => ({ type: 'symmetricKey' as const, primaryKey: first, secondaryKey: second })),
    fc.constantFrom(x509('a'), x509('b')),
    fc.constant({ type: 'x509' as const, clientCertificates: null, signingCertificates: null, caReferences: null }),
  );
  const policies = fc.option(fc.record({ updateHubAssignment: fc.boolean(), migrateDeviceData: fc.boolean() }));
  /** Commands as an administrator writes them: sealing is done at each sending. */
  const entries = fc.record({
    attestation: attestations,
    provisioningStatus: fc.constantFrom('enabled' as const, 'disabled' as const),
    reprovisionPolicy: policies,
    iotHubs: fc.option(fc.subarray(['hub-a', 'hub-b'])),
  });
  type Written = typeof entries extends fc.Arbitrary<infer Entry> ? Entry : never;
  const sent = ({ attestation, ...rest }: Written) => ({
    ...rest,
    attestation:
      attestation.type === 'symmetricKey'
        ? {
            type: attestation.type,
            primaryKey: typeof attestation.primaryKey === 'string' ? seal(attestation.primaryKey) : null,
            secondaryKey: typeof attestation.secondaryKey === 'string' ? seal(attestation.secondaryKey) : null,
          }
        : attestation,
  });
  const conditions = fc.oneof(
    fc.constant('unconditional' as const),
    fc.constant('exists' as const),
    fc.bigInt({ min: 0n, max: 4n }).map((revision) => ({ revision })),
  );
  const commands: fc.Arbitrary<() => EnrollmentCommand> = fc.oneof(
    entries.map((entry) => () => create(sent(entry))),
    fc.tuple(entries, conditions).map(([entry, ifMatch]) => () => ({ ...update(sent(entry)), ifMatch })),
    fc.tuple(policies, conditions).map(([reprovisionPolicy, ifMatch]) => () => ({
      type: 'UpdateEnrollmentPolicy' as const,
      reprovisionPolicy,
      ifMatch,
      at: at(3),
    })),
    fc.tuple(fc.constantFrom('primary' as const, 'secondary' as const), conditions).map(([key, ifMatch]) => () => ({
      type: 'RegenerateKey' as const,
      key,
      secret: seal('new'),
      ifMatch,
      at: at(3),
    })),
    fc
      .tuple(fc.constantFrom('DisableEnrollment' as const, 'EnableEnrollment' as const, 'DeleteEnrollment' as const), conditions)
      .map(([type, ifMatch]) => () => ({ type, ifMatch, at: at(4) })),
  );

  /** undefined for a refusal. */
  const decide = (command: EnrollmentCommand, state: EnrollmentState): readonly EnrollmentEvent[] | undefined => {
    try {
      return enrollmentDecider.decide(command, state);
    } catch (error) {
      expect(error).toBeInstanceOf(Rejected);
      return undefined;
    }
  };
  const evolved = (state: EnrollmentState, events: readonly EnrollmentEvent[] = []): EnrollmentState =>
    events.reduce((folded, event) => enrollmentDecider.evolve(folded, event), state);

  it('may be sent twice: the second time nothing happens', () => {
    let repeated = 0;
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 6 }), commands, (history, command) => {
        const state = history.reduce((folded, earlier) => evolved(folded, decide(earlier(), folded)), after([]));
        const first = decide(command(), state);
        if (first === undefined) return;
        const once = evolved(state, first);
        const second = decide(command(), once);
        // Deleting what is gone is refused as not found, which is what the wire contract says; nothing else is refused.
        if (second === undefined) expect(command().type).toBe('DeleteEnrollment');
        else expect(second).toEqual([]);
        repeated++;
      }),
      { numRuns: 2_000 },
    );
    expect(repeated).toBeGreaterThan(200);
  });

  it('leaves a revision that counts the events of the stream', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 8 }), (history) => {
        let state = after([]);
        let count = 0n;
        for (const command of history) {
          const events = decide(command(), state) ?? [];
          state = evolved(state, events);
          count += BigInt(events.length);
        }
        expect(state.revision ?? -1n).toBe(count - 1n);
      }),
    );
  });
});
