import { createSasToken, generateSymmetricKey } from '@app/attestation';
import { HubAccess, HubPolicy, PolicyVerdict } from './hub-access';

const policy: HubPolicy = { name: 'iothubowner', key: generateSymmetricKey(), rights: ['RegistryRead'] };
const expiresAt = new Date('2026-01-01T01:00:00Z');
const now = new Date('2026-01-01T00:00:00Z');
const skewMs = 300_000;

const token = (resource: string): string =>
  createSasToken({ resource, key: Buffer.from(policy.key, 'base64'), expiresAt, keyName: policy.name });

function judge(resource: string, path = '/devices/dev', at = now): PolicyVerdict {
  return new HubAccess('hub.localhost', [policy]).judge(token(resource), path, at);
}

describe('a policy', () => {
  it.each(['', 'AAAA', 'not base64 at all!'])('with the key "%s" is refused at start', (key) => {
    expect(() => new HubAccess('hub.localhost', [{ ...policy, key }])).toThrow('the key of hub policy iothubowner is not base64');
  });
});

describe('a token', () => {
  it.each([
    ['hub.localhost', '/devices/dev'],
    ['HUB.LOCALHOST', '/devices/dev'],
    ['hub.localhost/devices', '/Devices/dev'],
    ['hub.localhost/devices/dev', '/devices/dev/modules'],
    ['hub.localhost/devices/a+b', '/devices/a%2Bb'],
    ['hub.localhost/devices/', '/devices/'],
  ])('for %s covers %s', (resource, path) => {
    expect(judge(resource, path)).toEqual({ kind: 'policy', policy });
  });

  it.each([
    ['hub.localhost/devices/de', '/devices/dev'],
    ['hub.localhost/devices/dev', '/devices/DEV'],
    ['hub.localhost/devices/dev', '/devices'],
    ['hub.localhost/devices/dev', '/twins/dev'],
    ['hub.localhost.example', '/devices/dev'],
    ['other.localhost', '/devices/dev'],
  ])('for %s does not cover %s', (resource, path) => {
    expect(judge(resource, path)).toMatchObject({ kind: 'refused' });
  });

  it('seen before is still judged by path and time', () => {
    const access = new HubAccess('hub.localhost', [policy]);
    const narrow = token('hub.localhost/devices/dev');
    const at = (path: string, ms: number): string => access.judge(narrow, path, new Date(ms)).kind;
    const endMs = expiresAt.getTime() + skewMs;
    expect(at('/devices/dev', now.getTime())).toBe('policy');
    expect(at('/devices/other', now.getTime())).toBe('refused');
    expect(at('/devices/dev', endMs - 1)).toBe('policy');
    expect(at('/devices/dev', endMs)).toBe('refused');
    expect(at('/devices/dev', endMs)).toBe('refused');
  });

  it('is remembered without filling the memory', () => {
    const access = new HubAccess('hub.localhost', [policy]);
    for (let index = 0; index < 5_000; index++) {
      expect(access.judge(token(`hub.localhost/devices/d${index}`), `/devices/d${index}`, now).kind).toBe('policy');
    }
    expect((Reflect.get(access, 'proven') as ReadonlyMap<string, unknown>).size).toBe(4096);
  });

  it('without a policy may be that of one device', () => {
    const access = new HubAccess('hub.localhost', [policy]);
    const own = createSasToken({ resource: 'hub.localhost/devices/dev%', key: Buffer.alloc(32), expiresAt });
    expect(access.judge(own, '/devices/dev%25/twin', now)).toMatchObject({ kind: 'device', deviceId: 'dev%' });
    const hub = createSasToken({ resource: 'hub.localhost', key: Buffer.alloc(32), expiresAt });
    expect(access.judge(hub, '/devices/dev', now)).toMatchObject({ kind: 'refused' });
  });
});
