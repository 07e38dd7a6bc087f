import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { JsonValue } from '@app/event-sourcing';
import { apply, create, history, importDevice, patch, remove, report, setStatus, stored } from '../testing/device-commands';
import { deviceDecider, DeviceCommand } from './device.decider';
import { DeviceEvent } from './device.events';
import { DEVICE_STATE_VERSION, parseDeviceState } from './device-snapshots';
import { DeviceState } from './device.state';

const { initialState } = deviceDecider;
const fold = (events: readonly DeviceEvent[], state: DeviceState = initialState): DeviceState =>
  events.reduce((folded, event) => deviceDecider.evolve(folded, stored(event)), state);
const through = (state: DeviceState): DeviceState => parseDeviceState(JSON.parse(JSON.stringify(state)) as JsonValue);

const key = fc.constantFrom('a', 'b', 'constructor');
const object = fc.dictionary(
  key,
  fc.oneof(fc.constantFrom(null, 1, 'x', true), fc.dictionary(key, fc.constantFrom(null, 2, 'y'))),
);
const withModules: DeviceCommand = { ...importDevice, condition: 'any' };
const command: fc.Arbitrary<DeviceCommand> = fc.oneof(
  object.map((values) => patch(values)),
  object.map((values) => patch(null, values)),
  object.map((values) => report(values)),
  fc.constantFrom('enabled' as const, 'disabled' as const).map((status) => setStatus(status)),
  fc.constantFrom(remove(), create, withModules),
  fc.constantFrom('m1', 'm2').map((moduleId): DeviceCommand => ({
    type: 'CreateModule',
    moduleId,
    generationId: 'g',
    managedBy: null,
    credentials: { type: 'none' },
    at: '2026-01-01T00:00:00.000Z',
  })),
);

/** The events of those commands that are accepted, in turn. */
function accepted(commands: readonly DeviceCommand[]): DeviceEvent[] {
  const events: DeviceEvent[] = [];
  let state = initialState;
  for (const each of commands) {
    try {
      events.push(...deviceDecider.decide(each, state));
      state = apply(state, each);
    } catch {
      continue;
    }
  }
  return events;
}

it('a fold from a snapshot at any revision equals the fold from the start', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 20 }), fc.nat(20), (commands, at) => {
      const events = accepted([create, ...commands]);
      const snapshot = through(fold(events.slice(0, at)));
      expect(snapshot).toEqual(fold(events.slice(0, at)));
      expect(fold(events.slice(at), snapshot)).toEqual(fold(events));
    }),
    { numRuns: 300 },
  );
});

it('takes nothing that is not the state of a device', () => {
  const state = fold(history(create, report({ a: 1 }))) as unknown as Record<string, JsonValue>;
  const changes: Record<string, JsonValue>[] = [
    { status: 'lost' },
    { desired: null },
    { modules: [{}] },
    { more: 1 },
    { exists: false },
  ];
  for (const change of changes) {
    expect(() => parseDeviceState({ ...state, ...change })).toThrow();
  }
});

it('a state that is folded otherwise than before has another version', () => {
  const events = history(create, patch({ a: { b: 1 } }, { site: 'x' }), report({ t: 1 }), setStatus('disabled'));
  const print = createHash('sha256')
    .update(JSON.stringify(fold(events)))
    .digest('hex')
    .slice(0, 16);
  expect({ [DEVICE_STATE_VERSION]: print }).toEqual({ 1: '582c0f363705ce41' });
});
