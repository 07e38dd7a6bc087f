import { errorCodeOf, parsedBody, refusal } from './hub-answer';

it.each([
  ['the text', '{"Message":"ErrorCode:DeviceNotFound;E2E: the device is not registered"}', undefined, 'DeviceNotFound'],
  ['a header', '', 'PreconditionFailed', 'PreconditionFailed'],
  ['a number', '{"errorCode":404001,"message":"Device not registered"}', undefined, 'DeviceNotFound'],
  [
    'a number in JSON in JSON',
    '{"Message":"{\\"errorCode\\":409001,\\"trackingId\\":\\"x\\"}"}',
    undefined,
    'DeviceAlreadyExists',
  ],
  ['nothing: an unknown number', '{"errorCode":404123}', undefined, undefined],
  ['nothing: an empty body', '', undefined, undefined],
  ['nothing: a page of a proxy', '<html>404 Not Found</html>', undefined, undefined],
  ['nothing: a header that is no word', '', 'DeviceNotFound; drop', undefined],
])('the error word is found in %s', (_where, text, header, code) => {
  expect(errorCodeOf(text, header)).toBe(code);
});

it.each([
  ['{"a":1}', { a: 1 }],
  ['', undefined],
  ['no JSON', undefined],
])('the body %p is read as %p', (text, body) => {
  expect(parsedBody(text)).toEqual(body);
});

describe('a refusal', () => {
  const answer = { status: 400, errorCode: 'ArgumentInvalid', repeated: false };

  it('says what the hub said, in short', () => {
    const error = refusal('hub-a.localhost', { ...answer, body: { Message: `ErrorCode:ArgumentInvalid;${'no '.repeat(500)}` } });
    expect(error).toMatchObject({ hostName: 'hub-a.localhost', status: 400, errorCode: 'ArgumentInvalid' });
    expect(error.message).toMatch(/^HTTP 400 ArgumentInvalid: no no no/);
    expect(error.message.length).toBeLessThan(250);
  });

  it('passes on no key and no thumbprint', () => {
    const key = Buffer.alloc(64, 'secret').toString('base64');
    const error = refusal('hub-a.localhost', { ...answer, body: { message: `key ${key} of sn-007-888-abc-mac-a1-b2` } });
    expect(error.message).toBe('HTTP 400 ArgumentInvalid: key … of sn-007-888-abc-mac-a1-b2');
  });

  it.each([undefined, null, 'text', 7, {}, { Message: 7 }])('has only its number when the body is %p', (body) => {
    expect(refusal('hub', { ...answer, errorCode: undefined, body }).message).toBe('HTTP 400');
  });
});
