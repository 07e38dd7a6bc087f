import { isCloudToDevice, parseFilter, parseTopic, parseUserName } from './topics';

describe('topics a device publishes to', () => {
  it.each([
    ['$iothub/twin/GET/?$rid=7', { kind: 'get-twin', requestId: '7' }],
    ['$iothub/twin/PATCH/properties/reported/?$rid=a-1&$version=3', { kind: 'report', requestId: 'a-1' }],
    ['$iothub/methods/res/200/?$rid=9', { kind: 'method-answer', requestId: '9', status: 200 }],
    ['devices/dev/messages/events/', { kind: 'telemetry', properties: '' }],
    ['devices/dev/messages/events/a=b&c=d', { kind: 'telemetry', properties: 'a=b&c=d' }],
  ])('%s', (topic, expected) => {
    expect(parseTopic(topic, 'dev')).toEqual(expected);
  });

  it.each([
    ['$iothub/twin/res/200/?$rid=1'],
    ['$iothub/methods/POST/reboot/?$rid=1'],
    ['$iothub/twin/GET/?'],
    ['$iothub/twin/GET/?$rid=a/b'],
    ['devices/other/messages/events/'],
    ['devices/dev/messages/devicebound/'],
    ['devices/dev/modules/m/messages/events/'],
    ['anything'],
  ])('refuses %s', (topic) => {
    expect(parseTopic(topic, 'dev')).toBeUndefined();
  });

  it('knows a device id in its percent-encoded form', () => {
    expect(parseTopic('devices/a%23b/messages/events/', 'a#b')).toEqual({ kind: 'telemetry', properties: '' });
  });
});

describe('filters', () => {
  it('serves three, and nothing wider or of another device', () => {
    expect(parseFilter('$iothub/twin/res/#')).toBe('twin-responses');
    expect(parseFilter('$iothub/twin/PATCH/properties/desired/#')).toBe('desired-properties');
    expect(parseFilter('$iothub/methods/POST/#')).toBe('methods');
    for (const filter of ['#', '$iothub/#', 'devices/dev/messages/devicebound/#', 'constructor', '+/twin/res/#']) {
      expect([filter, parseFilter(filter)]).toEqual([filter, undefined]);
    }
    expect(isCloudToDevice('devices/dev/messages/devicebound/#')).toBe(true);
  });
});

describe('user names', () => {
  const device = { hostName: 'hub-a.localhost', deviceId: 'dev', moduleId: undefined };
  it.each([
    ['hub-a.localhost/dev/?api-version=2021-04-12&DeviceClientType=node%2F1', device],
    ['HUB-A.localhost:8883/dev/api-version=2021-04-12', device],
    ['hub-a.localhost/dev/mod/?api-version=2021-04-12', { ...device, moduleId: 'mod' }],
  ])('%s', (userName, expected) => {
    expect(parseUserName(userName)).toEqual(expected);
  });

  it.each(['', 'dev', 'hub-a.localhost/dev', 'hub-a.localhost/dev/', '/dev/?api-version=2021-04-12', 'h/d/?api-version=x'])(
    'refuses %j',
    (userName) => {
      expect(parseUserName(userName)).toBeUndefined();
    },
  );
});
