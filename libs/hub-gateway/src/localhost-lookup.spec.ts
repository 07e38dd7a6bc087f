import type { LookupAddress } from 'node:dns';
import { localhostLookup } from './localhost-lookup';

function resolve(hostName: string, all: boolean): Promise<string | LookupAddress[]> {
  return new Promise((fulfil, reject) => {
    localhostLookup(hostName, { all }, (error, address) => (error === null ? fulfil(address) : reject(error)));
  });
}

it.each(['localhost', 'hub-a.localhost', 'HUB-A.LOCALHOST', 'a.b.localhost', 'hub-a.localhost.'])(
  '%s is this machine',
  async (name) => {
    expect(await resolve(name, false)).toBe('127.0.0.1');
    expect(await resolve(name, true)).toEqual([{ address: '127.0.0.1', family: 4 }]);
  },
);

it('an address stays as it is', async () => {
  expect(await resolve('127.0.0.9', false)).toBe('127.0.0.9');
});

it.each(['notlocalhost.invalid', 'localhost.invalid'])('%s is looked up the usual way', async (name) => {
  await expect(resolve(name, false)).rejects.toMatchObject({ syscall: 'getaddrinfo' });
});
