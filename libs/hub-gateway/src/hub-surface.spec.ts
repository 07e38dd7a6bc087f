import { DeviceToPut, HubDevice } from './hub-gateway';
import { identityStandsAs, settingsStandAs, wholeTwinStandsAs } from './hub-surface';
import { device as asked } from './testing/fixtures';

/** The device at a hub that has stored what was asked for: nulls are gone, members are in another order. */
function stored(changes: Partial<HubDevice> = {}): HubDevice {
  const { twin, ...identity } = asked;
  const { reported, tags } = twin;
  const desired = { ...twin.desired, values: { interval: 5 }, metadata: { $lastUpdated: 'now' } };
  return { ...identity, twin: { reported, desired, tags }, generationId: 'g', tag: 't', ...changes };
}

function withTwin(changes: Partial<HubDevice['twin']>): HubDevice {
  return stored({ twin: { ...stored().twin, ...changes } });
}

const section = (values: DeviceToPut['twin']['tags'], version: number) => ({ values, version, metadata: null });

it('what a hub has stored stands as it was asked for', () => {
  expect(identityStandsAs(stored(), asked)).toBe(true);
  expect(settingsStandAs(stored(), asked)).toBe(true);
  expect(wholeTwinStandsAs(stored(), asked)).toBe(true);
});

it('members that were not asked for do not matter', () => {
  expect(identityStandsAs(stored({ status: 'enabled', statusReason: 'other' }), { iotEdge: false })).toBe(true);
});

it('no reason is the same as an empty one', () => {
  expect(identityStandsAs(stored({ statusReason: null }), { statusReason: '' })).toBe(true);
});

it.each<[string, Partial<HubDevice>]>([
  ['status', { status: 'enabled' }],
  ['reason', { statusReason: 'moving by another operation' }],
  ['edge capability', { iotEdge: true }],
  ['credentials', { credentials: { type: 'sas', primaryKey: 'a', secondaryKey: 'b' } }],
  ['lack of credentials', { credentials: null }],
])('another %s is a difference', (_what, changes) => {
  expect(identityStandsAs(stored(changes), asked)).toBe(false);
});

it.each<[string, Partial<HubDevice['twin']>]>([
  ['tag', { tags: { site: 'south' } }],
  ['further tag', { tags: { site: 'north', floor: 1 } }],
  ['missing tag', { tags: {} }],
  ['desired property', { desired: section({ interval: 6 }, 4) }],
])('a %s is a difference', (_what, changes) => {
  expect(settingsStandAs(withTwin(changes), asked)).toBe(false);
});

it.each<[string, Partial<HubDevice['twin']>]>([
  ['desired version', { desired: section({ interval: 5 }, 5) }],
  ['reported version', { reported: section({ firmware: '1.2' }, 10) }],
  ['reported property', { reported: section({ firmware: '1.3' }, 9) }],
])('another %s matters only where the hub can carry it', (_what, changes) => {
  expect(wholeTwinStandsAs(withTwin(changes), asked)).toBe(false);
  expect(settingsStandAs(withTwin(changes), asked)).toBe(true);
});
