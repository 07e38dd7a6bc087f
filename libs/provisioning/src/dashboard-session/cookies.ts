/** The prefix binds a cookie to this very host over TLS with `Path=/`; a browser refuses any other that claims it. */
export const SESSION_COOKIE = '__Host-rehome-session';
export const SIGN_IN_COOKIE = '__Host-rehome-sign-in';

/** Longest Cookie header looked at. */
const COOKIE_CHARACTERS_MAX = 8_192;

/** The value of a cookie; undefined where it is not sent, or sent twice, because then one of them is not ours. */
export function cookieIn(header: string | undefined, name: string): string | undefined {
  if (header === undefined || header.length > COOKIE_CHARACTERS_MAX) return undefined;
  const values = header
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`))
    .map((part) => part.slice(name.length + 1));
  return values.length === 1 ? values[0] : undefined;
}

/** `Strict` is never sent by a navigation from elsewhere; the way back from an identity provider is one, so that needs `Lax`. */
export function setCookie(name: string, value: string, sameSite: 'Strict' | 'Lax', maxAgeS: number): string {
  return `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=${sameSite}; Max-Age=${maxAgeS}`;
}

export function clearCookie(name: string, sameSite: 'Strict' | 'Lax'): string {
  return setCookie(name, '', sameSite, 0);
}
