import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AccessVerdict, Right } from '../operators/access';
import type { SessionAccess, SessionRequest } from '../operators/session-access';
import { SESSION_COOKIE, cookieIn } from './cookies';
import { isFromHere } from './same-origin';

/** A session that nothing has asked with for so long is over; a page that is open asks every few seconds. */
export const IDLE_TIMEOUT_MS = 60 * 60_000;
/** However busy, a session ends after this. */
export const LIFETIME_MS = 12 * 60 * 60_000;
export const SESSIONS_MAX = 1_000;
const SECRET_BYTES = 32;
/** The page reads this value from its session and sends it with every call; another site can do neither. */
export const CSRF_HEADER = 'x-rehome-csrf';

export interface SignedIn {
  /** Operator's name, as events record it. */
  readonly name: string;
  readonly rights: ReadonlySet<Right>;
}

export interface Session extends SignedIn {
  readonly csrfToken: string;
  readonly startedAtMs: number;
  usedAtMs: number;
}

/**
 * Who is signed in to the dashboard, in the memory of this process: a restart signs everybody out, and processes behind one name
 * need a balancer that keeps a browser on one of them. Ids are kept as SHA-256, so that a look-up tells nothing by its time.
 */
export class Sessions implements SessionAccess {
  private readonly sessions = new Map<string, Session>();

  /** The id for the cookie. Where there are too many sessions, the one that was used longest ago ends. */
  start(signedIn: SignedIn, now: Date): { readonly id: string; readonly session: Session } {
    const id = randomBytes(SECRET_BYTES).toString('base64url');
    const csrfToken = randomBytes(SECRET_BYTES).toString('base64url');
    const session = { ...signedIn, csrfToken, startedAtMs: now.getTime(), usedAtMs: now.getTime() };
    this.makeRoom(now);
    this.sessions.set(keyOf(id), session);
    return { id, session };
  }

  /** The session a request belongs to, which by that has been used; undefined when there is none or it is over. */
  find(headers: SessionRequest['headers'], now: Date): Session | undefined {
    const id = cookieIn(headers.cookie, SESSION_COOKIE);
    if (id === undefined) return undefined;
    const key = keyOf(id);
    const session = this.sessions.get(key);
    if (session === undefined) return undefined;
    this.sessions.delete(key);
    if (isOver(session, now)) return undefined;
    session.usedAtMs = now.getTime();
    // Put back at the end, so that the map is ordered by use.
    this.sessions.set(key, session);
    return session;
  }

  end(headers: SessionRequest['headers']): void {
    const id = cookieIn(headers.cookie, SESSION_COOKIE);
    if (id !== undefined) this.sessions.delete(keyOf(id));
  }

  authorize({ method, headers }: SessionRequest, right: Right, now: Date): AccessVerdict | undefined {
    if (cookieIn(headers.cookie, SESSION_COOKIE) === undefined) return undefined;
    const session = this.find(headers, now);
    if (session === undefined) return { granted: false, reason: 'the session is over or unknown' };
    if (!hasToken(headers[CSRF_HEADER], session.csrfToken)) {
      return { granted: false, reason: `the header ${CSRF_HEADER} is not that of the session` };
    }
    if (!isFromHere(method, headers)) return { granted: false, reason: 'the request comes from another origin' };
    if (!session.rights.has(right)) return { granted: false, reason: `"${session.name}" does not have the right ${right}` };
    return { granted: true, actor: { kind: 'operator', name: session.name } };
  }

  private makeRoom(now: Date): void {
    for (const [key, session] of this.sessions) {
      if (isOver(session, now)) this.sessions.delete(key);
    }
    const oldest = this.sessions.keys().next();
    if (this.sessions.size >= SESSIONS_MAX && oldest.done !== true) this.sessions.delete(oldest.value);
  }
}

/** When a session ends if nothing asks with it any more. */
export function endOf({ startedAtMs, usedAtMs }: Session): Date {
  return new Date(Math.min(startedAtMs + LIFETIME_MS, usedAtMs + IDLE_TIMEOUT_MS));
}

function isOver(session: Session, now: Date): boolean {
  return endOf(session).getTime() <= now.getTime();
}

function keyOf(id: string): string {
  return createHash('sha256').update(id, 'utf8').digest('base64url');
}

export function hasToken(given: string | string[] | undefined, token: string): boolean {
  if (typeof given !== 'string') return false;
  const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(given), digest(token));
}
