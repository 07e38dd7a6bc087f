import { parseRequestTopic, parseUserName, responseTopic } from './provisioning-topics';

describe('a topic that a device publishes to', () => {
  it.each([
    ['$dps/registrations/PUT/iotdps-register/?$rid=r-1', { type: 'register', requestId: 'r-1' }],
    ['$dps/registrations/PUT/iotdps-register/?$rid={r}&forceRegistration=true', { type: 'register', requestId: '{r}' }],
    [
      '$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=5.1a.b',
      { type: 'operation', requestId: '2', operationId: '5.1a.b' },
    ],
    [
      '$dps/registrations/GET/iotdps-get-operationstatus/?operationId=5%2E1a&$rid=2',
      { type: 'operation', requestId: '2', operationId: '5.1a' },
    ],
    ['$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2', { type: 'operation', requestId: '2', operationId: '' }],
  ])('%s is understood', (topic, expected) => {
    expect(parseRequestTopic(topic)).toEqual(expected);
  });

  it.each([
    '$dps/registrations/PUT/iotdps-register/',
    '$dps/registrations/PUT/iotdps-register/?rid=1',
    '$dps/registrations/PUT/iotdps-register/?$rid=',
    `$dps/registrations/PUT/iotdps-register/?$rid=${'1'.repeat(129)}`,
    '$dps/registrations/GET/iotdps-register/?$rid=1',
    '$dps/registrations/PUT/iotdps-get-operationstatus/?$rid=1',
    '$dps/registrations/res/200/?$rid=1',
    'x$dps/registrations/PUT/iotdps-register/?$rid=1',
    'devices/a/messages/events/',
    '$SYS/heartbeat',
    '',
  ])('%s is not', (topic) => {
    expect(parseRequestTopic(topic)).toBeUndefined();
  });
});

describe('the topic of an answer', () => {
  it('has the request id directly after the question mark, as it was written', () => {
    expect(responseTopic(202, 'a%20b', 3)).toBe('$dps/registrations/res/202/?$rid=a%20b&retry-after=3');
    expect(responseTopic(202, '1', 0)).toBe('$dps/registrations/res/202/?$rid=1&retry-after=0');
    expect(responseTopic(401, '1', undefined)).toBe('$dps/registrations/res/401/?$rid=1');
  });
});

describe('a user name', () => {
  it('names scope, device, version and client', () => {
    const userName = '0ne0001/registrations/dev:1/api-version=2019-03-31&ClientVersion=sdk%2F1.9%20(node)';
    expect(parseUserName(userName)).toEqual({
      idScope: '0ne0001',
      registrationId: 'dev:1',
      apiVersion: '2019-03-31',
      clientVersion: 'sdk/1.9 (node)',
    });
  });

  it('may leave the client out, and may be encoded', () => {
    expect(parseUserName('0ne1/registrations/dev%3A1/API-Version=2021-06-01')).toEqual({
      idScope: '0ne1',
      registrationId: 'dev:1',
      apiVersion: '2021-06-01',
      clientVersion: undefined,
    });
  });

  it.each([
    '',
    'dev-1',
    '0ne1/registrations/dev-1',
    '0ne1/registrations//api-version=2019-03-31',
    '/registrations/dev-1/api-version=2019-03-31',
    '0ne1/devices/dev-1/api-version=2019-03-31',
    `0ne1/registrations/dev-1/api-version=${'1'.repeat(2048)}`,
  ])('of another form is none: %s', (userName) => {
    expect(parseUserName(userName)).toBeUndefined();
  });
});
