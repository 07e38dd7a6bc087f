import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { createSasToken } from '@app/attestation';
import { parseConnectionString } from './connection-string';
import { exchange, ExchangeFailed, HubRequest } from './exchange';
import { errorCodeOf, HubAnswer, parsedBody } from './hub-answer';
import { HubRefused, HubUnreachable } from './hub-gateway';
import { HubCallLimits, isTransient, pauseMs, retryAfterMs } from './retry';

/** The registry version that both the plain routes and the extension speak. */
export const HUB_API_VERSION = '2021-04-12';

const TOKEN_LIFETIME_MS = 3_600_000;
/** A token is renewed long before it ends, so that a skewed clock at the hub does not matter. */
const TOKEN_RENEWED_BEFORE_MS = 900_000;

export interface HubGatewayLog {
  warn(details: Record<string, unknown>, message: string): void;
}

export interface HubCall {
  readonly method: HubRequest['method'];
  /** Encoded, without query. */
  readonly path: string;
  readonly body?: unknown;
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
  /** For calls answered in pages: how much, and from where. */
  readonly page?: { readonly itemsMax: number; readonly continuation: string | undefined };
  /** One attempt of this length: it must not happen twice. Every answer of the hub is final then. */
  readonly onceWithinMs?: number;
}

/** An attempt that may be made again: why it failed, and what is known about its effect. */
interface Failure {
  readonly reason: string;
  readonly mayHaveHadEffect: boolean;
  readonly retryAfterMs: number;
  readonly cause: unknown;
}

/** Calls to one hub: signed, bounded in time, tried again when that can help. */
export class HubClient {
  private authorization: { readonly connectionString: string; readonly token: string; readonly renewAtMs: number } | undefined;

  constructor(
    readonly hostName: string,
    private readonly dispatcher: Dispatcher,
    private readonly limits: HubCallLimits,
    private readonly log: HubGatewayLog | undefined,
    /** Aborts the pauses between attempts; no attempt begins after it. */
    private readonly closing: AbortSignal,
  ) {}

  /**
   * Answers with 2xx and with every refusal (4xx) that a retry cannot change. Errors: `HubUnreachable` when the attempts or the time
   * are spent; `HubRefused` when the connection string cannot be used.
   */
  async call(call: HubCall, connectionString: string): Promise<HubAnswer> {
    const deadlineMs = Date.now() + (call.onceWithinMs ?? this.limits.callTimeoutMs);
    let repeated = false;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.attempt(call, connectionString, deadlineMs, repeated);
      if ('status' in outcome) return outcome;
      repeated ||= outcome.mayHaveHadEffect;
      const waitMs = pauseMs(attempt, outcome.retryAfterMs, this.limits, Math.random());
      const spent = call.onceWithinMs !== undefined || attempt >= this.limits.attemptsMax || Date.now() + waitMs >= deadlineMs;
      const { method, path } = call;
      this.log?.warn({ hub: this.hostName, method, path, attempt, spent, reason: outcome.reason }, 'a call to a hub failed');
      if (spent || !(await this.pause(waitMs))) throw this.unreachable(outcome);
    }
  }

  private async attempt(
    call: HubCall,
    connectionString: string,
    deadlineMs: number,
    repeated: boolean,
  ): Promise<HubAnswer | Failure> {
    const request = this.requestOf(call, connectionString);
    if (this.closing.aborted) throw new HubUnreachable(this.hostName, `${this.hostName}: the gateway is closed`);
    const { attemptTimeoutMs } = this.limits;
    const timeoutMs = Math.max(1, Math.min(call.onceWithinMs ?? attemptTimeoutMs, deadlineMs - Date.now()));
    try {
      const { status, headers, text } = await exchange(this.dispatcher, request, timeoutMs);
      if (isTransient(status) && call.onceWithinMs === undefined) {
        const askedMs = retryAfterMs(headers['retry-after'], Date.now());
        return { reason: `HTTP ${status}`, mayHaveHadEffect: status !== 429, retryAfterMs: askedMs, cause: undefined };
      }
      const errorCode = status < 400 ? undefined : errorCodeOf(text, headers['iothub-errorcode']);
      const next = headers['x-ms-continuation'];
      return { status, body: parsedBody(text), errorCode, repeated, ...(typeof next === 'string' ? { continuation: next } : {}) };
    } catch (error) {
      if (!(error instanceof ExchangeFailed)) throw error;
      return { reason: error.message, mayHaveHadEffect: error.sent, retryAfterMs: 0, cause: error.cause };
    }
  }

  private requestOf({ method, path, body, ifMatch, ifNoneMatch, page }: HubCall, connectionString: string): HubRequest {
    const headers: Record<string, string> = { authorization: this.tokenFor(connectionString), accept: 'application/json' };
    if (body !== undefined) headers['content-type'] = 'application/json; charset=utf-8';
    if (ifMatch !== undefined) headers['if-match'] = ifMatch;
    if (ifNoneMatch !== undefined) headers['if-none-match'] = ifNoneMatch;
    if (page !== undefined) headers['x-ms-max-item-count'] = String(page.itemsMax);
    if (page?.continuation !== undefined) headers['x-ms-continuation'] = page.continuation;
    const text = body === undefined ? undefined : JSON.stringify(body);
    return { method, path: `${path}?api-version=${HUB_API_VERSION}`, headers, body: text };
  }

  private tokenFor(connectionString: string): string {
    const nowMs = Date.now();
    const current = this.authorization;
    if (current?.connectionString === connectionString && nowMs < current.renewAtMs) return current.token;
    const { sharedAccessKey, sharedAccessKeyName } = this.credentialsIn(connectionString);
    const token = createSasToken({
      resource: this.hostName,
      key: sharedAccessKey,
      keyName: sharedAccessKeyName,
      expiresAt: new Date(nowMs + TOKEN_LIFETIME_MS),
    });
    this.authorization = { connectionString, token, renewAtMs: nowMs + TOKEN_LIFETIME_MS - TOKEN_RENEWED_BEFORE_MS };
    return token;
  }

  private credentialsIn(connectionString: string): ReturnType<typeof parseConnectionString> {
    try {
      return parseConnectionString(connectionString);
    } catch (error) {
      throw new HubRefused(this.hostName, 401, undefined, error instanceof Error ? error.message : 'no connection string');
    }
  }

  /** False when the gateway was closed meanwhile. */
  private async pause(waitMs: number): Promise<boolean> {
    try {
      await sleep(waitMs, undefined, { signal: this.closing });
      return true;
    } catch {
      return false;
    }
  }

  private unreachable({ reason, cause }: Failure): HubUnreachable {
    return new HubUnreachable(this.hostName, `${this.hostName} could not be reached: ${reason}`, { cause });
  }
}

export function devicePath(prefix: string, deviceId: string): string {
  return `${prefix}/${encodeURIComponent(deviceId)}`;
}
