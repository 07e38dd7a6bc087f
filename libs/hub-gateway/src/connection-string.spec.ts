import { InvalidConnectionString, parseConnectionString } from './connection-string';

const key = Buffer.alloc(32, 'k');
const base64 = key.toString('base64');
const expected = { hostName: 'hub-a.localhost', sharedAccessKeyName: 'iothubowner', sharedAccessKey: key };

it.each([
  ['as the portal writes it', `HostName=hub-a.localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=${base64}`],
  ['in another order', `SharedAccessKey=${base64};SharedAccessKeyName=iothubowner;HostName=hub-a.localhost`],
  ['in other letters', `hostname=Hub-A.localhost;sharedaccesskeyname=iothubowner;SHAREDACCESSKEY=${base64}`],
  [
    'with spaces and a closing semicolon',
    ` HostName = hub-a.localhost ; SharedAccessKeyName=iothubowner;SharedAccessKey=${base64};`,
  ],
])('a connection string is read %s', (_how, text) => {
  expect(parseConnectionString(text)).toEqual(expected);
});

it.each([
  ['nothing', '', 'no valid HostName'],
  ['no host', `SharedAccessKeyName=iothubowner;SharedAccessKey=${base64}`, 'no valid HostName'],
  ['a host with a port', `HostName=h:8443;SharedAccessKeyName=o;SharedAccessKey=${base64}`, 'no valid HostName'],
  ['a host with a path', `HostName=h/x;SharedAccessKeyName=o;SharedAccessKey=${base64}`, 'no valid HostName'],
  ['a host with credentials', `HostName=a@h;SharedAccessKeyName=o;SharedAccessKey=${base64}`, 'no valid HostName'],
  ['no policy', `HostName=h;SharedAccessKey=${base64}`, 'no valid SharedAccessKeyName'],
  ['no key', 'HostName=h;SharedAccessKeyName=o', 'no SharedAccessKey'],
  ['a short key', 'HostName=h;SharedAccessKeyName=o;SharedAccessKey=c2VjcmV0', 'no SharedAccessKey'],
  ['a key that is no base64', 'HostName=h;SharedAccessKeyName=o;SharedAccessKey=hunter2hunter2hunter2!', 'no SharedAccessKey'],
  ['a host twice', 'HostName=h;HostName=g', 'holds a part twice'],
  ['a device', `HostName=h;DeviceId=d;SharedAccessKey=${base64}`, 'holds a part that is none of'],
  ['text', 'hunter2hunter2', 'holds a part that is none of'],
  ['far too much', `HostName=${'h'.repeat(2000)}`, 'is too long'],
])('a connection string with %s is refused, and its secret stays secret', (_what, text, problem) => {
  const parse = (): unknown => parseConnectionString(text);
  expect(parse).toThrow(InvalidConnectionString);
  expect(parse).toThrow(problem);
  expect(parse).not.toThrow(/hunter2|c2VjcmV0/);
  expect(parse).not.toThrow(base64);
});
