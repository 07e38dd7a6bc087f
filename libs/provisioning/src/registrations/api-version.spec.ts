import {
  compareApiVersions,
  deviceApiVersions,
  isDeviceApiVersion,
  isLegacyApiVersion,
  knowsReprovisionedSubstatus,
} from './api-version';
import { effectivePolicy } from './reprovisioning-policy';

test('versions are listed oldest first', () => {
  expect([...deviceApiVersions].sort(compareApiVersions)).toEqual(deviceApiVersions);
});

test.each([
  ['2017-08-31-preview', true],
  ['2017-11-15', true],
  ['2018-04-01', true],
  ['2018-09-01-preview', false],
  ['2019-03-31', false],
])('%s is from before reprovisioning: %s', (version, legacy) => expect(isLegacyApiVersion(version)).toBe(legacy));

test('a preview ranks just below the version of its date', () => {
  expect(compareApiVersions('2018-04-01-preview', '2018-04-01')).toBeLessThan(0);
  expect(compareApiVersions('2018-04-01-preview', '2018-03-31')).toBeGreaterThan(0);
});

test.each(['2019-04-15', '2021-06-01'])('%s knows reprovisionedToInitialAssignment', (v) =>
  expect(knowsReprovisionedSubstatus(v)).toBe(true),
);
test('2019-03-31 does not', () => expect(knowsReprovisionedSubstatus('2019-03-31')).toBe(false));

test.each(['', '2018-04-02', '1', 'latest', '2018-04-01; drop'])('"%s" is no version', (v) =>
  expect(isDeviceApiVersion(v)).toBe(false),
);

describe('effective policy', () => {
  const saved = (updateHubAssignment: boolean, migrateDeviceData: boolean) => ({ updateHubAssignment, migrateDeviceData });
  test.each([
    [saved(true, true), '2018-04-01', 'migrate'],
    [saved(true, false), '2018-04-01', 'reset'],
    [saved(false, true), '2021-06-01', 'never'],
    [saved(false, false), '2021-06-01', 'never'],
    [null, '2018-04-01', 'sticky'],
    [null, '2018-09-01-preview', 'migrate'],
  ])('saved %j with %s is %s', (policy, version, effective) => {
    expect(effectivePolicy(policy, version)).toMatchObject({ effective });
  });
});
