import { returnAddress } from './return-address';

describe('the page to come back to', () => {
  it.each([
    ['/dashboard/devices/thermostat-001', '/dashboard/devices/thermostat-001'],
    ['/dashboard/devices?status=failed&hub=hub-a.localhost', '/dashboard/devices?status=failed&hub=hub-a.localhost'],
    ['/dashboard/devices?sign-in=refused', '/dashboard/devices'],
    ['/dashboard/enrollments/group/a%20b', '/dashboard/enrollments/group/a%20b'],
  ])('%s is one of the dashboard', (asked, page) => {
    expect(returnAddress(asked)).toBe(page);
  });

  it.each([
    [undefined],
    [['/dashboard/devices']],
    ['//evil.example/dashboard/'],
    ['https://evil.example/dashboard/'],
    ['\\\\evil.example\\dashboard\\'],
    ['/dashboard@evil.example'],
    ['/dashboard/../api/v1/devices'],
    ['/dashboard/%2e%2e/api'],
    ['javascript:alert(1)'],
    ['/dashboard/oidc/start'],
    ['/dashboard/session'],
    [`/dashboard/${'x'.repeat(2_000)}`],
  ])('%p is none', (asked) => {
    expect(returnAddress(asked)).toBe('/dashboard/');
  });

  it('takes no header apart', () => {
    expect(returnAddress('/dashboard/devices\r\nset-cookie: a=b')).not.toMatch(/[\r\n]/);
  });
});
