import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const ID_BYTES = 32;
const ID = /^[\w-]{43}$/;

/** For the cookie and nothing else: whoever has it is signed in. */
export function newSessionId(): string {
  return randomBytes(ID_BYTES).toString('base64url');
}

export function isSessionId(text: string | undefined): text is string {
  return text !== undefined && ID.test(text);
}

/** What the database knows a session by; it leads back to no id, and a look-up tells nothing by its time. */
export function digestOf(id: string): string {
  return createHash('sha256').update(id, 'utf8').digest('base64url');
}

/** Derived, so that it need not be stored. */
export function csrfTokenOf(id: string): string {
  return createHmac('sha256', id).update('csrf token').digest('base64url');
}

export interface Vouched {
  readonly name: string;
  /** Null: signed in by token. */
  readonly claims: readonly string[] | null;
  readonly startedAt: Date;
}

/**
 * Ties what is stored of a session to its id and to the credential it was begun with: who can write rows but knows neither can make no
 * session and raise none, and one whose credential was replaced is over. The credential cannot be guessed from it without the id.
 */
export function proofOf(id: string, { name, claims, startedAt }: Vouched, credential: Buffer): string {
  const said = JSON.stringify([name, claims, startedAt.getTime(), credential.toString('base64url')]);
  return createHmac('sha256', id).update(said).digest('base64url');
}

/** In constant time. */
export function isSame(given: string | string[] | undefined, expected: string): boolean {
  if (typeof given !== 'string') return false;
  const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(given), digest(expected));
}
