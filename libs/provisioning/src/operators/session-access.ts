import type { IncomingHttpHeaders } from 'node:http';
import type { AccessVerdict, Right } from './access';

/** What a request with a session is judged by. */
export interface SessionRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** Decides whether the session that a browser's cookie names grants a right. */
export interface SessionAccess {
  /** Undefined where the request brings no session cookie, so that its `Authorization` header is asked alone. */
  authorize(request: SessionRequest, right: Right, now: Date): AccessVerdict | undefined;
}

/** Injection token of the `SessionAccess`; absent where no dashboard is served. */
export const SESSION_ACCESS = Symbol('SESSION_ACCESS');
