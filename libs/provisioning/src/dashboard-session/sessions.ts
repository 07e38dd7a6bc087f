import { Inject, Injectable, Logger, OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { AccessVerdict, Right } from '../operators/access';
import { withoutRight } from '../operators/access';
import type { SessionAccess, SessionRequest, SessionResponse } from '../operators/session-access';
import type { ReadDatabase } from '../shared/read-database';
import { READ_DATABASE } from '../shared/tokens';
import { SESSION_COOKIE, cookieIn } from './cookies';
import { CurrentRights } from './current-rights';
import type { SignedIn } from './current-rights';
import { OpenAnswers } from './open-answers';
import { isFromHere } from './same-origin';
import { csrfTokenOf, digestOf, isSame, isSessionId, newSessionId, proofOf } from './session-id';
import type { Cutoff, StoredSession } from './sessions.queries';
import {
  deleteOldSessions,
  deleteSession,
  findSession,
  insertSession,
  livingSessions,
  trimSessions,
  useSession,
} from './sessions.queries';

/** A session that nothing has asked with for so long is over; a page that is open asks every few seconds. */
export const IDLE_TIMEOUT_MS = 60 * 60_000;
/** However busy, a session ends after this. */
export const LIFETIME_MS = 12 * 60 * 60_000;
/** The use of a session is written down once in this time, so that it may end so much too early, but a page that is open costs no write a request. */
export const USED_AGAIN_MS = 60_000;
export const SESSIONS_MAX = 1_000;
export const SESSIONS_OF_OPERATOR_MAX = 20;
/** How often sessions that are over are deleted. */
const SWEEP_MS = 60_000;
/** How long a stream may outlive a session that another process has ended. */
export const WATCH_MS = 3_000;
/** The page reads this value from its session and sends it with every call; another site can do neither. */
export const CSRF_HEADER = 'x-rehome-csrf';

export interface Session {
  readonly name: string;
  /** Those of now, not of the sign-in. */
  readonly rights: ReadonlySet<Right>;
  readonly csrfToken: string;
  /** If nothing asks with it any more. */
  readonly endsAt: Date;
}

/**
 * Who is signed in to the dashboard: rows that all processes share and that outlive them. The database knows neither ids nor tokens,
 * and what somebody may do is not in it.
 */
@Injectable()
export class Sessions implements SessionAccess, OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('dashboard');
  private readonly answers = new OpenAnswers();
  private timers: readonly NodeJS.Timeout[] = [];

  constructor(
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
    private readonly current: CurrentRights,
  ) {}

  onModuleInit(): void {
    const every = (ms: number, act: () => Promise<void>): NodeJS.Timeout => setInterval(() => void this.calmly(act), ms).unref();
    this.timers = [
      every(SWEEP_MS, () => deleteOldSessions(this.database, cutoff(new Date()))),
      every(WATCH_MS, () => this.cutEnded(new Date())),
    ];
  }

  onModuleDestroy(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  /** The id for the cookie. Where there are too many sessions, the one that was used longest ago ends. Undefined: nobody here. */
  async start(signedIn: SignedIn, now: Date): Promise<{ readonly id: string; readonly session: Session } | undefined> {
    const standing = this.current.of(signedIn);
    if (standing === undefined) return undefined;
    const { name, claims } = signedIn;
    const [id, times] = [newSessionId(), { startedAt: now, usedAt: now }];
    const proof = proofOf(id, { name, claims, startedAt: now }, standing.credential);
    const digest = digestOf(id);
    await insertSession(this.database, { digest, name, claims, proof, ...times });
    await trimSessions(this.database, digest, { ofOperator: SESSIONS_OF_OPERATOR_MAX, ofAll: SESSIONS_MAX });
    return { id, session: { name, rights: standing.rights, csrfToken: csrfTokenOf(id), endsAt: endOf(times) } };
  }

  /** The session a request belongs to, which by that has been used; undefined when there is none or it is over. */
  async find(headers: SessionRequest['headers'], now: Date): Promise<Session | undefined> {
    const id = idIn(headers);
    if (id === undefined) return undefined;
    const stored = await findSession(this.database, digestOf(id));
    const standing = stored === undefined ? undefined : this.current.of(stored);
    if (stored === undefined || standing === undefined) return undefined;
    if (endOf(stored) <= now || !isSame(stored.proof, proofOf(id, stored, standing.credential))) return undefined;
    const usedAt = await this.used(stored, now);
    const { name, startedAt } = stored;
    return { name, rights: standing.rights, csrfToken: csrfTokenOf(id), endsAt: endOf({ startedAt, usedAt }) };
  }

  async end(headers: SessionRequest['headers']): Promise<void> {
    const id = idIn(headers);
    if (id === undefined) return;
    await deleteSession(this.database, digestOf(id));
    this.answers.cut(digestOf(id));
  }

  accompany({ headers }: SessionRequest, response: SessionResponse): void {
    const id = idIn(headers);
    if (id !== undefined) this.answers.add(digestOf(id), response);
  }

  /** Cuts what sessions still read that have ended meanwhile, here or in another process. */
  async cutEnded(now: Date): Promise<void> {
    const reading = this.answers.sessions();
    if (reading.length === 0) return;
    const living = await livingSessions(this.database, reading, cutoff(now));
    for (const session of reading) {
      if (!living.has(session)) this.answers.cut(session);
    }
  }

  async authorize({ method, headers }: SessionRequest, right: Right, now: Date): Promise<AccessVerdict | undefined> {
    if (cookieIn(headers.cookie, SESSION_COOKIE) === undefined) return undefined;
    const session = await this.find(headers, now);
    if (session === undefined) return { granted: false, reason: 'the session is over or unknown' };
    const { name, csrfToken, rights } = session;
    if (!isSame(headers[CSRF_HEADER], csrfToken)) {
      return { granted: false, reason: `the header ${CSRF_HEADER} is not that of the session` };
    }
    if (!isFromHere(method, headers)) return { granted: false, reason: 'the request comes from another origin' };
    if (!rights.has(right)) return { granted: false, reason: withoutRight(name, right), missing: right };
    return { granted: true, actor: { kind: 'operator', name } };
  }

  private async used({ digest, usedAt }: StoredSession, now: Date): Promise<Date> {
    if (now.getTime() - usedAt.getTime() < USED_AGAIN_MS) return usedAt;
    await useSession(this.database, digest, now);
    return now;
  }

  /** A database that is away for a moment is no reason to cut anybody; the next turn does what is left. */
  private async calmly(act: () => Promise<void>): Promise<void> {
    await act().catch((error: unknown) => {
      this.logger.warn({ problem: 'sessions', reason: error instanceof Error ? error.message : String(error) });
    });
  }
}

function idIn({ cookie }: SessionRequest['headers']): string | undefined {
  const id = cookieIn(cookie, SESSION_COOKIE);
  return isSessionId(id) ? id : undefined;
}

function endOf({ startedAt, usedAt }: { readonly startedAt: Date; readonly usedAt: Date }): Date {
  return new Date(Math.min(startedAt.getTime() + LIFETIME_MS, usedAt.getTime() + IDLE_TIMEOUT_MS));
}

function cutoff(now: Date): Cutoff {
  return { usedAt: new Date(now.getTime() - IDLE_TIMEOUT_MS), startedAt: new Date(now.getTime() - LIFETIME_MS) };
}
