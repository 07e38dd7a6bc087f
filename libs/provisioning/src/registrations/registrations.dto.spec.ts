import { DpsError } from '../shared/dps-error';
import { parseDeviceCall, parseDeviceRegistration, RawDeviceCall } from './registrations.dto';

const raw = (overrides: Partial<RawDeviceCall> = {}): RawDeviceCall => ({
  idScope: '0ne1',
  registrationId: 'dev-1',
  apiVersion: '2019-03-31',
  clientVersion: undefined,
  presented: { authorization: undefined, certificates: [], tpm: null },
  correlationId: 'c',
  transport: 'https',
  ...overrides,
});

const refusal = (parse: () => unknown): number | undefined => {
  try {
    parse();
    return undefined;
  } catch (error) {
    return error instanceof DpsError ? error.errorCode : NaN;
  }
};

test.each(['a', 'dev-1', 'DEV.1:x_y-', 'sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6', 'a'.repeat(128)])(
  '%s is a registration id',
  (registrationId) => {
    expect(parseDeviceCall(raw({ registrationId })).registrationId).toBe(registrationId);
  },
);

test.each(['', '-a', 'a.', 'a:', 'a b', 'a/b', 'ä', 'a'.repeat(129), '../x', '%00'])('%j is none', (registrationId) => {
  expect(refusal(() => parseDeviceCall(raw({ registrationId })))).toBe(400004);
});

test.each([undefined, '', '2018-04-02', ['2019-03-31', '2021-06-01'], '2030-01-01'])(
  'api-version %j is refused',
  (apiVersion) => {
    expect(refusal(() => parseDeviceCall(raw({ apiVersion })))).toBe(400004);
  },
);

test('the refusal of an api-version lists those that are supported', () => {
  expect(() => parseDeviceCall(raw({ apiVersion: 'x' }))).toThrow(/2017-11-15.*2021-06-01/);
});

test('what a client says of itself is cut', () => {
  expect(parseDeviceCall(raw({ clientVersion: 'x'.repeat(5000) })).client.clientVersion).toHaveLength(256);
});

test.each([[undefined], [null], ['text'], [[]], [7]])('body %j is refused', (body) => {
  expect(refusal(() => parseDeviceRegistration(body, 'dev-1'))).toBe(400004);
});

test.each([[{ registrationId: 'dev-2' }], [{ registrationId: 7 }], [{ payload: 'text' }], [{ payload: [] }], [{ payload: 7 }]])(
  'body %j is refused',
  (body) => expect(refusal(() => parseDeviceRegistration(body, 'dev-1'))).toBe(400004),
);

test('the id in the body is compared without case, and a payload is an object', () => {
  expect(parseDeviceRegistration({ registrationId: 'DEV-1', payload: { a: 1 } }, 'dev-1')).toEqual({
    payload: { a: 1 },
    tpm: null,
  });
  expect(parseDeviceRegistration({}, 'dev-1')).toEqual({ payload: null, tpm: null });
});
