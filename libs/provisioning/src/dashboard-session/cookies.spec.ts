import { SESSION_COOKIE, clearCookie, cookieIn, setCookie } from './cookies';

describe('a cookie', () => {
  it('is found among others', () => {
    expect(cookieIn(`a=1; ${SESSION_COOKIE}=abc; b=2`, SESSION_COOKIE)).toBe('abc');
    expect(cookieIn(`x${SESSION_COOKIE}=abc`, SESSION_COOKIE)).toBeUndefined();
    expect(cookieIn(undefined, SESSION_COOKIE)).toBeUndefined();
  });

  it('is none when it is sent twice or the header is endless', () => {
    expect(cookieIn(`${SESSION_COOKIE}=abc; ${SESSION_COOKIE}=def`, SESSION_COOKIE)).toBeUndefined();
    expect(cookieIn(`${SESSION_COOKIE}=abc; x=${'y'.repeat(10_000)}`, SESSION_COOKIE)).toBeUndefined();
  });

  it('is kept from script, from plain HTTP, from other hosts and from other sites', () => {
    const set = setCookie(SESSION_COOKIE, 'abc', 'Strict', 60);
    expect(set).toBe('__Host-rehome-session=abc; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=60');
    expect(clearCookie(SESSION_COOKIE, 'Strict')).toContain('Max-Age=0');
  });
});
