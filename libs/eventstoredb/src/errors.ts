import { EventStoreUnavailable } from '@app/event-sourcing';
import { AccessDeniedError, CommandError, ErrorType } from '@eventstore/db-client';
import { TimedOut } from './backoff';

/** gRPC status codes of an answer that may be another one next time; the client hands some errors on unconverted. */
const TRANSIENT_STATUS_CODES: ReadonlySet<unknown> = new Set([
  1, // cancelled (by the server)
  2, // unknown
  4, // deadline exceeded
  10, // aborted
  13, // internal: what a torn connection looks like
  14, // unavailable
]);

const TRANSIENT_TYPES: ReadonlySet<unknown> = new Set([
  ErrorType.TIMEOUT,
  ErrorType.DEADLINE_EXCEEDED,
  ErrorType.UNAVAILABLE,
  ErrorType.CANCELLED,
  ErrorType.UNKNOWN,
  ErrorType.NOT_LEADER,
]);

/** What the client's cluster discovery throws when no node answered; it has no class of its own. */
const DISCOVERY_FAILED = 'Failed to discover after ';

/** Worth another try with the same event ids: nothing is known to be wrong with the request itself. */
export function isTransient(error: unknown): boolean {
  if (error instanceof TimedOut) return true;
  if (!(error instanceof Error)) return false;
  if ('type' in error) return TRANSIENT_TYPES.has(error.type);
  if ('code' in error) return TRANSIENT_STATUS_CODES.has(error.code);
  return error.message.startsWith(DISCOVERY_FAILED);
}

export function isOfType<Type extends ErrorType>(error: unknown, type: Type): error is Extract<CommandError, { type: Type }> {
  return error instanceof Error && 'type' in error && error.type === type;
}

/** The error of the port for one that ended an operation. Messages of the client name addresses and streams, never credentials. */
export function toPortError(what: string, error: unknown): Error {
  if (error instanceof AccessDeniedError) {
    return new EventStoreUnavailable(`${what}: the event store refused the credentials of its URL`, { cause: error });
  }
  if (isTransient(error)) return new EventStoreUnavailable(`${what}: ${reasonOf(error)}`, { cause: error });
  return error instanceof Error ? error : new Error(`${what}: ${String(error)}`);
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
