import { HttpException } from '@nestjs/common';
import { EventStoreUnavailable, EventTooLarge, Rejected, RevisionConflict } from '@app/event-sourcing';
import { InvalidCursor } from '../read-models/page';
import { DpsError } from '../shared/dps-error';
import { errorCodeOf } from '../shared/rejections';

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';
const TYPE_PREFIX = 'urn:rehome:problem:';

/** What went wrong, before it is about one request. */
export interface ProblemCause {
  readonly status: number;
  /** Last part of the problem's type, kebab-case. */
  readonly kind: string;
  readonly title: string;
  readonly detail: string;
  /** Each thing wrong with the input, a sentence. */
  readonly errors?: readonly string[];
  /** For the log only. */
  readonly logReason: string;
}

/** A problem document (RFC 9457). `trackingId` is the request's id in headers, events and logs. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly trackingId: string;
  readonly errors?: readonly string[];
}

/** Thrown by the routes under /api/v1. */
export class ProblemError extends Error {
  readonly problem: ProblemCause;

  constructor(status: number, kind: string, title: string, detail: string, errors?: readonly string[]) {
    super(detail);
    this.name = 'ProblemError';
    const logReason = errors === undefined ? detail : `${detail} ${errors.join('; ')}`;
    this.problem = { status, kind, title, detail, logReason, ...(errors === undefined ? {} : { errors }) };
  }

  static invalidRequest(detail: string, errors?: readonly string[]): ProblemError {
    return new ProblemError(400, 'invalid-request', 'Invalid request', detail, errors);
  }

  static notFound(detail: string): ProblemError {
    return new ProblemError(404, 'not-found', 'Not found', detail);
  }

  static notCaughtUp(detail: string): ProblemError {
    return new ProblemError(503, 'read-model-behind', 'Read model is behind', detail);
  }
}

export function problemDocument(cause: ProblemCause, instance: string, trackingId: string): ProblemDocument {
  const { status, kind, title, detail, errors } = cause;
  const document = { type: `${TYPE_PREFIX}${kind}`, title, status, detail, instance, trackingId };
  return errors === undefined ? document : { ...document, errors };
}

/** The problem that anything thrown amounts to; unknown things become 500 and are told to the log alone. */
export function problemOf(exception: unknown): ProblemCause {
  if (exception instanceof ProblemError) return exception.problem;
  if (exception instanceof Rejected) return ofRejection(exception);
  if (exception instanceof DpsError) return ofStatus(exception.status, exception.message, exception.logReason);
  if (exception instanceof InvalidCursor) return ProblemError.invalidRequest(exception.message).problem;
  if (exception instanceof RevisionConflict) {
    return ofStatus(409, 'Somebody else changes the same thing at the same time; try again.', exception.message);
  }
  if (exception instanceof EventTooLarge) return ofStatus(413, 'The document is too large.', exception.message);
  if (exception instanceof EventStoreUnavailable) {
    return ofStatus(503, 'The event store cannot be reached at the moment; try again.', exception.message);
  }
  if (exception instanceof HttpException) return ofStatus(exception.getStatus(), exception.message, exception.message);
  const status = frameworkStatus(exception);
  if (status !== undefined && exception instanceof Error) return ofStatus(status, exception.message, exception.message);
  return ofStatus(500, '', exception instanceof Error ? `${exception.name}: ${exception.message}` : String(exception));
}

function ofRejection(rejected: { readonly reason: string; readonly message: string }): ProblemCause {
  const errorCode = errorCodeOf(rejected.reason);
  if (errorCode === undefined) return ofStatus(500, '', `${rejected.reason}: ${rejected.message}`);
  const words = rejected.reason.replaceAll('-', ' ');
  return {
    status: Math.floor(errorCode / 1000),
    kind: rejected.reason,
    title: words.charAt(0).toUpperCase() + words.slice(1),
    detail: rejected.message,
    logReason: `${rejected.reason}: ${rejected.message}`,
  };
}

/** Statuses told apart on these routes, with the last part of their type and their title. */
const statuses: Readonly<Record<number, readonly [kind: string, title: string]>> = {
  400: ['invalid-request', 'Invalid request'],
  401: ['unauthorized', 'Unauthorized'],
  403: ['forbidden', 'Forbidden'],
  404: ['not-found', 'Not found'],
  405: ['method-not-allowed', 'Method not allowed'],
  409: ['conflict', 'Conflict'],
  412: ['precondition-failed', 'Precondition failed'],
  413: ['content-too-large', 'Content too large'],
  415: ['unsupported-media-type', 'Unsupported media type'],
  429: ['too-many-requests', 'Too many requests'],
  503: ['unavailable', 'Temporarily unavailable'],
};

function ofStatus(status: number, detail: string, logReason: string): ProblemCause {
  const known = statuses[status] ?? (status >= 400 && status < 500 ? statuses[400] : undefined);
  if (known === undefined) {
    const withheld = 'Something went wrong; the tracking id finds it in the log.';
    return { status: 500, kind: 'internal', title: 'Internal server error', detail: withheld, logReason };
  }
  // Why a credential was refused is nobody's business but the operator's.
  const told = status === 401 ? 'The request carries no credential that grants this.' : detail;
  return { status, kind: known[0], title: known[1], detail: told, logReason };
}

function frameworkStatus(exception: unknown): number | undefined {
  const code = (exception as { code?: unknown } | null)?.code;
  const status = (exception as { statusCode?: unknown } | null)?.statusCode;
  return typeof code === 'string' && code.startsWith('FST_') && typeof status === 'number' ? status : undefined;
}
