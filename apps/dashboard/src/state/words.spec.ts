import { ago, count, eventWords, policyWord, withTimes } from './words';

const now = Date.parse('2026-03-01T12:00:00Z');

test.each([
  ['2026-03-01T11:59:58Z', 'just now'],
  ['2026-03-01T11:59:30Z', '30 seconds ago'],
  ['2026-03-01T11:59:00Z', '1 minute ago'],
  ['2026-03-01T09:30:00Z', '2 hours ago'],
  ['2026-02-27T12:00:00Z', '2 days ago'],
  ['2026-03-01T12:00:09Z', 'just now'],
])('%s was %s', (iso, words) => {
  expect(ago(iso, now)).toBe(words);
});

test('types of events, counts, policies and times read as people say them', () => {
  expect(eventWords('rehome.DeviceAssigned')).toBe('Device assigned');
  expect([count(1, 'device'), count(1_200, 'device')]).toEqual(['1 device', '1,200 devices']);
  expect(policyWord(null)).toBe('not set');
  expect(policyWord({ updateHubAssignment: true, migrateDeviceData: true })).toBe('migrate');
  expect(policyWord({ updateHubAssignment: true, migrateDeviceData: false })).toBe('reset');
  expect(policyWord({ updateHubAssignment: false, migrateDeviceData: true })).toBe('never');
  expect(withTimes('at 2026-03-01T12:00:00.123Z it moved')).not.toContain('T12:00:00.123Z');
});
