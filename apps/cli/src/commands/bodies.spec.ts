import { CommandFailed } from '../exit-codes';
import { positionalsOf } from '../verb';
import { EnrollmentInput, enrollmentBody } from './enrollment-body';
import { ifMatch, objectIn } from './inputs';
import { planIn } from './moves';

describe('the document of an enrollment', () => {
  const body = (input: EnrollmentInput, before?: Readonly<Record<string, unknown>>): unknown =>
    enrollmentBody(input, 'clientCertificates', before);

  test.each([
    ['reprovisionandmigratedata', { updateHubAssignment: true, migrateDeviceData: true }],
    ['reprovisionandresetdata', { updateHubAssignment: true, migrateDeviceData: false }],
    ['never', { updateHubAssignment: false, migrateDeviceData: false }],
  ])('%s', (reprovisionPolicy, expected) => {
    expect(body({ attestationType: 'symmetricKey', reprovisionPolicy })).toEqual({
      attestation: { type: 'symmetricKey', symmetricKey: {} },
      reprovisionPolicy: expected,
    });
  });

  test('hubs may be separated by spaces and commas, and the policy by latency has the name of the API', () => {
    const input = { attestationType: 'symmetricKey', iotHubs: ['a b', 'c,d'], allocationPolicy: 'geolatency' };
    expect(body(input)).toMatchObject({ iotHubs: ['a', 'b', 'c', 'd'], allocationPolicy: 'geoLatency' });
  });

  test('what is not mentioned stays as it was', () => {
    const before = {
      attestation: { type: 'x509', x509: { clientCertificates: { primary: { info: {} } } } },
      iotHubs: ['a'],
      initialTwin: { tags: { x: 1 }, properties: { desired: { y: 2 } } },
    };
    expect(body({ provisioningStatus: 'disabled' }, before)).toEqual({ ...before, provisioningStatus: 'disabled' });
    expect(body({ initialTwinTags: '{"x":2}' }, before)).toMatchObject({
      initialTwin: { tags: { x: 2 }, properties: { desired: { y: 2 } } },
    });
  });

  test('a group refers to authorities by their names', () => {
    const made = enrollmentBody({ attestationType: 'x509', caName: 'factory' }, 'signingCertificates');
    expect(made).toEqual({ attestation: { type: 'x509', x509: { caReferences: { primary: 'factory' } } } });
  });

  test.each<[string, EnrollmentInput]>([
    ['no attestation', {}],
    ['a webhook without a version', { attestationType: 'symmetricKey', webhookUrl: 'https://x' }],
    ['a certificate that is not there', { attestationType: 'x509', certificatePath: '/nowhere.pem' }],
    ['tags that are no object', { attestationType: 'symmetricKey', initialTwinTags: '[]' }],
  ])('is refused for %s', (_what, input) => {
    expect(() => body(input)).toThrow(CommandFailed);
  });
});

describe('the plan of a move', () => {
  const plain = { toHub: ['b'], ask: true };
  const plan = (values: object): unknown => planIn({ ...plain, ...values } as never);

  test.each([
    [{ fromHub: 'a' }, { hub: 'a' }],
    [{ enrollmentGroupId: 'g' }, { enrollmentGroupId: 'g' }],
    [{ registrationId: ['x', 'y'] }, { registrationIds: ['x', 'y'] }],
    [{ tag: 'site.name=oslo=1' }, { tag: 'site.name', value: 'oslo=1' }],
    [{ tag: 'floor=3' }, { tag: 'floor', value: 3 }],
    [{ tag: 'old=true' }, { tag: 'old', value: true }],
  ])('%j', (values, selection) => {
    expect(plan(values)).toEqual({ selection, hubs: ['b'], askConnected: true });
  });

  test('any number of failures is null, and none given is left to the service', () => {
    expect(plan({ fromHub: 'a', failuresMax: 'any', waveSize: 5, pause: 1 })).toMatchObject({
      failuresMax: null,
      waveSize: 5,
      pauseS: 1,
    });
    expect(plan({ fromHub: 'a', failuresMax: '3' })).toMatchObject({ failuresMax: 3 });
    expect(() => plan({ fromHub: 'a', failuresMax: 'few' })).toThrow('--failures-max');
    expect(() => plan({ fromHub: 'a', tag: 'x=1' })).toThrow('by one of');
  });
});

test('etags may be pasted with and without quotation marks', () => {
  expect([undefined, '*', 'abc', '"abc"'].map((etag) => ifMatch(etag)['if-match'])).toEqual([undefined, '*', '"abc"', '"abc"']);
});

test('an option of JSON tells which one is wrong', () => {
  expect(objectIn('payload', '{"a":1}')).toEqual({ a: 1 });
  expect(() => objectIn('payload', '{')).toThrow('--payload is not JSON');
  expect(() => objectIn('payload', '@/nowhere')).toThrow('/nowhere cannot be read');
});

test('positional arguments are read from the command', () => {
  expect(['why <registration-id>', 'diff <from> [to]', 'list'].map(positionalsOf)).toEqual([
    ['registration-id'],
    ['from', 'to'],
    [],
  ]);
});
