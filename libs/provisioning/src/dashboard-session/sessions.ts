import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { AccessVerdict, Right } from '../operators/access';
import type { SessionAccess, SessionRequest, SessionResponse } from '../operators/session-access';
import { SESSION_COOKIE, cookieIn } from './cookies';
import { isFromHere } from './same-origin';

/** A session that nothing has asked with for so long is over; a page that is open asks every few seconds. */
export const IDLE_TIMEOUT_MS = 60 * 60_000;
/** However busy, a session ends after this. */
export const LIFETIME_MS = 12 * 60 * 60_000;
export const SESSIONS_MAX = 1_000;
/** How often sessions that nothing asks with are looked for. */
const SWEEP_MS = 60_000;
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
  /** Answers under way. */
  readonly responses: Set<SessionResponse>;
}

/**
 * Who is signed in to the dashboard, in the memory of this process: a restart signs everybody out, and processes behind one name
 * need a balancer that keeps a browser on one of them. Ids are kept as SHA-256, so that a look-up tells nothing by its time.
 */
export class Sessions implements SessionAccess, OnModuleInit, OnModuleDestroy {
  private readonly sessions = new Map<string, Session>();
  private sweep: NodeJS.Timeout | undefined;

  onModuleInit(): void {
    this.sweep = setInterval(() => this.endOld(new Date()), SWEEP_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.sweep);
  }

  /** The id for the cookie. Where there are too many sessions, the one that was used longest ago ends. */
  start(signedIn: SignedIn, now: Date): { readonly id: string; readonly session: Session } {
    const id = randomBytes(SECRET_BYTES).toString('base64url');
    const csrfToken = randomBytes(SECRET_BYTES).toString('base64url');
    const startedAtMs = now.getTime();
    const session = { ...signedIn, csrfToken, startedAtMs, usedAtMs: startedAtMs, responses: new Set<SessionResponse>() };
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
    if (isOver(session, now)) {
      this.endSession(key);
      return undefined;
    }
    this.sessions.delete(key);
    session.usedAtMs = now.getTime();
    // Put back at the end, so that the map is ordered by use.
    this.sessions.set(key, session);
    return session;
  }

  end(headers: SessionRequest['headers']): void {
    const id = cookieIn(headers.cookie, SESSION_COOKIE);
    if (id !== undefined) this.endSession(keyOf(id));
  }

  accompany({ headers }: SessionRequest, response: SessionResponse): void {
    const id = cookieIn(headers.cookie, SESSION_COOKIE);
    const session = id === undefined ? undefined : this.sessions.get(keyOf(id));
    if (session === undefined) return;
    session.responses.add(response);
    response.once('close', () => session.responses.delete(response));
  }

  /** Ends every session whose time is over, with the streams that it still has. */
  endOld(now: Date): void {
    for (const [key, session] of this.sessions) {
      if (isOver(session, now)) this.endSession(key);
    }
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
    this.endOld(now);
    const oldest = this.sessions.keys().next();
    if (this.sessions.size >= SESSIONS_MAX && oldest.done !== true) this.endSession(oldest.value);
  }

  private endSession(key: string): void {
    const session = this.sessions.get(key);
    this.sessions.delete(key);
    for (const response of session?.responses ?? []) response.destroy();
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
