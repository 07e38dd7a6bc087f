import type { IncomingHttpHeaders } from 'node:http';
import type { AccessVerdict, Right } from './access';

/** What a request with a session is judged by. */
export interface SessionRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** An answer under way, such as a node `ServerResponse`. */
export interface SessionResponse {
  readonly destroyed: boolean;
  once(event: 'close', listener: () => void): unknown;
  destroy(): unknown;
}

/** Decides whether the session that a browser's cookie names grants a right. */
export interface SessionAccess {
  /** Of a request that was let in: its answer is cut when the session ends, so that no stream outlives it. */
  accompany(request: SessionRequest, response: SessionResponse): void;
  /** Undefined where the request brings no session cookie, so that its `Authorization` header is asked alone. */
  authorize(request: SessionRequest, right: Right, now: Date): Promise<AccessVerdict | undefined>;
}

/** Injection token of the `SessionAccess`; absent where no dashboard is served. */
export const SESSION_ACCESS = Symbol('SESSION_ACCESS');
