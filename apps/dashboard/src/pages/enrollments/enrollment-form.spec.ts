import { documentOf, enrollmentFormOf, policies, problemsOf } from './enrollment-form';

const known = {
  enrollmentGroupId: 'pumps',
  attestation: { type: 'x509', x509: { signingCertificates: { primary: { info: { subjectName: 'CN=root' } } } } },
  capabilities: { iotEdge: true },
  initialTwin: { tags: { site: 'north' }, properties: { desired: { interval: 60 } } },
  provisioningStatus: 'disabled',
  reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false },
  allocationPolicy: 'static',
  iotHubs: ['hub-a.localhost'],
  etag: '"abc"',
  createdDateTimeUtc: '2026-01-01T00:00:00Z',
  updatedDateTimeUtc: '2026-01-01T00:00:00Z',
};

describe('the form of an enrollment', () => {
  it('shows an entry and gives it back as it was, with what it does not show', () => {
    const form = enrollmentFormOf('group', known);
    expect(form).toMatchObject({ id: 'pumps', attestationType: 'x509', policy: 'reset', isEnabled: false });
    expect(problemsOf(form, 'group', false)).toEqual({});
    const { etag: _etag, createdDateTimeUtc: _created, updatedDateTimeUtc: _updated, ...rest } = known;
    expect(documentOf(form, 'group', known)).toEqual(rest);
  });

  it('makes a new entry with keys of the service and the policy that loses nothing', () => {
    const form = { ...enrollmentFormOf('individual', null), id: 'pump-1' };
    expect(problemsOf(form, 'individual', true)).toEqual({});
    expect(documentOf(form, 'individual', null)).toEqual({
      registrationId: 'pump-1',
      attestation: { type: 'symmetricKey' },
      initialTwin: { tags: {}, properties: { desired: {} } },
      provisioningStatus: 'enabled',
      reprovisionPolicy: policies.migrate,
      allocationPolicy: null,
      iotHubs: null,
    });
  });

  it.each([
    ['id', { id: '' }],
    ['id', { id: 'ends with.' }],
    ['deviceId', { deviceId: 'a b' }],
    ['tags', { tags: '{' }],
    ['tags', { tags: '[1]' }],
    ['desired', { desired: '5' }],
    ['proof', { attestationType: 'x509' as const, proof: 'no certificate' }],
    ['proof', { attestationType: 'tpm' as const, proof: '' }],
  ])('says what is wrong with %s: %j', (name, changes) => {
    const form = { ...enrollmentFormOf('individual', null), id: 'pump-1', ...changes };
    expect(Object.keys(problemsOf(form, 'individual', true))).toEqual([name]);
  });

  it('has no TPM for a group', () => {
    const form = { ...enrollmentFormOf('group', null), id: 'pumps', attestationType: 'tpm' as const, proof: 'AAAA' };
    expect(Object.keys(problemsOf(form, 'group', true))).toEqual(['attestationType']);
  });
});
