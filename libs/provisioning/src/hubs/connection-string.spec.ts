import { hostNameOfConnectionString, InvalidConnectionString } from './connection-string';

const KEY = Buffer.alloc(32, 7).toString('base64');

describe('the connection string of a hub', () => {
  it('says its host name, whatever the order and case of its parts', () => {
    expect(hostNameOfConnectionString(`HostName=Hub-A.localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=${KEY}`)).toBe(
      'hub-a.localhost',
    );
    expect(hostNameOfConnectionString(`sharedaccesskey=${KEY};SharedAccessKeyName=o;hostname=hub.example.net;`)).toBe(
      'hub.example.net',
    );
  });

  it.each([
    '',
    'nonsense',
    `SharedAccessKeyName=o;SharedAccessKey=${KEY}`,
    `HostName=hub a;SharedAccessKeyName=o;SharedAccessKey=${KEY}`,
    `HostName=hub.example:443;SharedAccessKeyName=o;SharedAccessKey=${KEY}`,
    `HostName=hub.example;SharedAccessKey=${KEY}`,
    'HostName=hub.example;SharedAccessKeyName=o',
    'HostName=hub.example;SharedAccessKeyName=o;SharedAccessKey=short',
    'HostName=hub.example;SharedAccessKeyName=o;SharedAccessKey=not base64 at all!',
    `HostName=hub.example;SharedAccessKeyName=${'o'.repeat(2_000)};SharedAccessKey=${KEY}`,
  ])('is refused without being repeated: %p', (text) => {
    expect(() => hostNameOfConnectionString(text)).toThrow(InvalidConnectionString);
    expect(() => hostNameOfConnectionString(text)).not.toThrow(KEY);
  });
});
