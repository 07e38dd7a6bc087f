import fc from 'fast-check';
import { JsonObject, Rejected } from '@app/event-sourcing';
import { after, apply, at, create, generated, importDevice, remove, report, sas } from '../testing/device-commands';
import { Condition, DeviceRejection } from './device.checks';
import { DeviceCommand } from './device.decider';
import { DeviceState } from './device.state';
import { entityTag } from './entity-tag';

/** Mostly what is accepted, so that the commands get somewhere; sometimes what is not. */
const key = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('a', 'b', 'c', 'constructor', 'toString') },
  { weight: 1, arbitrary: fc.oneof(fc.constant('__proto__'), fc.string({ maxLength: 3 })) },
);
const values = fc.letrec<{ value: unknown; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, 1, 'x', -0, 1.5),
    fc.array(tie('value'), { maxLength: 2 }),
    tie('object'),
  ),
  object: fc.dictionary(key, tie('value'), { maxKeys: 4 }) as fc.Arbitrary<JsonObject>,
})).object;
const maybe = fc.option(values);
const condition = fc.oneof(
  fc.constant<Condition>('any'),
  fc.nat(4).map((tag): Condition => ({ tag: String(tag) })),
  fc.nat(4).map((tag): Condition => ({ etag: entityTag(tag) })),
);
const section = fc.record({
  values,
  version: fc.integer({ min: 1, max: 4 }),
  metadata: fc.constantFrom(null, { $lastUpdated: at }),
});
const status = fc.constantFrom('enabled' as const, 'disabled' as const);
const credentials = fc.constantFrom(sas, generated, { type: 'none' } as const);
const given = { values: { a: 1 }, version: 2, metadata: null };
const givenModule = {
  moduleId: 'm1',
  generationId: 'g',
  managedBy: null,
  credentials: sas,
  tags: {},
  desired: given,
  reported: given,
};
const createModule = { type: 'CreateModule', generationId: 'g', managedBy: null, credentials: sas, at } as const;
/** Each run begins with a device. */
const begun = (rest: fc.Arbitrary<DeviceCommand>): fc.Arbitrary<DeviceCommand[]> =>
  fc.array(rest, { maxLength: 12 }).map((commands) => [create, ...commands]);
const command: fc.Arbitrary<DeviceCommand> = fc.oneof(
  fc.record({ tags: values, desired: values }).map((twin): DeviceCommand => ({ ...create, ...twin })),
  fc
    .record({
      status,
      tags: values,
      desired: section,
      reported: section,
      modules: fc.constantFrom([], [{ ...givenModule }], [{ ...givenModule, moduleId: 'm2' }, givenModule]),
      condition: fc.oneof(condition, fc.constant('absent' as const)),
    })
    .map((given): DeviceCommand => ({ ...importDevice, ...given })),
  fc
    .record({ status: fc.option(status, { nil: undefined }), credentials: fc.option(credentials, { nil: undefined }) })
    .chain((identity) => condition.map((holds): DeviceCommand => ({ type: 'UpdateIdentity', identity, condition: holds, at }))),
  fc
    .record({ type: fc.constantFrom('PatchTwin' as const, 'ReplaceTwin' as const), tags: maybe, desired: maybe, condition })
    .map((given): DeviceCommand => ({ ...given, at })),
  values.map(report),
  condition.map(remove),
  fc.constantFrom('m1', 'm2').map((moduleId): DeviceCommand => ({ ...createModule, moduleId })),
  fc
    .record({ moduleId: fc.constantFrom('m1', 'm2'), tags: maybe, desired: maybe, condition })
    .chain((given) =>
      fc.constantFrom('PatchModuleTwin' as const, 'ReplaceModuleTwin' as const).map((type) => ({ ...given, type, at })),
    ),
  values.map((patch): DeviceCommand => ({ type: 'ReportModuleProperties', moduleId: 'm1', patch, at })),
  fc
    .record({ managedBy: fc.constantFrom(null, undefined, 'IotEdge'), credentials: fc.option(credentials, { nil: undefined }) })
    .map((given): DeviceCommand => ({ type: 'UpdateModule', moduleId: 'm1', ...given, condition: 'any', at })),
  condition.map((holds): DeviceCommand => ({ type: 'DeleteModule', moduleId: 'm2', condition: holds, at })),
);

describe('whatever commands come', () => {
  const attempt = (state: DeviceState, given: DeviceCommand): DeviceState | DeviceRejection => {
    try {
      return apply(state, given);
    } catch (error) {
      if (error instanceof Rejected) return error.reason as DeviceRejection;
      throw error;
    }
  };

  it('an accepted one that is sent twice changes nothing the second time', () => {
    fc.assert(
      fc.property(begun(command), (commands) => {
        let state = after();
        for (const given of commands) {
          const next = attempt(state, given);
          if (typeof next === 'string') continue;
          const again = attempt(next, given);
          if (typeof again !== 'string') expect(again).toEqual(next);
          state = next;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('versions of a generation never go backwards but by import, and tags never repeat', () => {
    fc.assert(
      fc.property(begun(command), (commands) => {
        let state = after();
        for (const given of commands) {
          const next = attempt(state, given);
          if (typeof next === 'string' || next === state) continue;
          expect(next.changes).toBe(state.changes + 1);
          if (state.exists && next.exists && given.type !== 'ImportDevice') {
            expect(next.desired.version).toBeGreaterThanOrEqual(state.desired.version);
            expect(next.reported.version).toBeGreaterThanOrEqual(state.reported.version);
            expect(next.generationId).toBe(state.generationId);
          }
          state = next;
        }
      }),
      { numRuns: 500 },
    );
  });
});
