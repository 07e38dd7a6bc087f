import {
  AppendResult,
  EventIdReused,
  EventToAppend,
  EventTooLarge,
  ExpectedRevision,
  RevisionConflict,
} from '@app/event-sourcing';
import { AppendExpectedRevision, ErrorType, JSONEventData, AppendResult as LogAppendResult } from '@eventstore/db-client';
import { append as appendOnce } from '@eventstore/db-client/dist/streams/appendToStream/append';
import { withAttempts } from './attempts';
import { Connection } from './connection';
import { isOfType } from './errors';
import { toPosition } from './positions';
import { readStream } from './reads';
import { appendSizeBytes, toEventData } from './stored-events';

/**
 * `single` is one gRPC call per append, with a deadline that the client honours. `batched` shares one long-lived call, at about three
 * times the rate, but it can end the process: when an old connection breaks after a new one is in use, the client forgets the appends
 * that are pending on the new one, and throws in a stream handler when their answers arrive.
 */
export type AppendMode = 'single' | 'batched';

export interface Appending {
  readonly mode: AppendMode;
  /** For one try; there are at most `ATTEMPTS_MAX`. */
  readonly timeoutMs: number;
  readonly readTimeoutMs: number;
}

/** Bytes in one message of a batched append; longer appends are cut into several messages, stored as one. */
const BATCH_MESSAGE_BYTES = 3 * 1024 * 1024;

/**
 * Every try carries the same event ids, so the server stores them once and answers as it did the first time.
 *
 * Errors: those of `EventStore.append`.
 */
export async function append(
  connection: Connection,
  stream: string,
  expected: ExpectedRevision,
  events: readonly EventToAppend[],
  appending: Appending,
): Promise<AppendResult> {
  const proposed = toEventData(stream, events);
  const expectedRevision = expected === 'none' ? 'no_stream' : expected;
  const { log, closed } = connection;
  const attempts = { what: `append to stream ${stream}`, timeoutMs: appending.timeoutMs, signal: closed, log };
  try {
    const result = await withAttempts(attempts, () => attemptAppend(connection, stream, proposed, expectedRevision, appending));
    if (result.position !== undefined) {
      return { revision: result.nextExpectedRevision, position: toPosition(result.position) };
    }
    return await appendedBefore(connection, stream, result.nextExpectedRevision, appending.readTimeoutMs);
  } catch (error) {
    if (isOfType(error, ErrorType.WRONG_EXPECTED_VERSION)) {
      // "Any" cannot be wrong: the server refuses it only when some of the event ids are stored already and others are not.
      if (expected === 'any') throw new EventIdReused(stream);
      const actual = error.actualVersion;
      throw new RevisionConflict(stream, expected, typeof actual === 'bigint' ? actual : 'none');
    }
    if (isOfType(error, ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED)) {
      throw new EventTooLarge(stream, appendSizeBytes(events), error.maxAppendSize);
    }
    throw error;
  }
}

function attemptAppend(
  { client }: Connection,
  stream: string,
  proposed: JSONEventData[],
  expectedRevision: AppendExpectedRevision,
  { mode, timeoutMs }: Appending,
): Promise<LogAppendResult> {
  const options = { expectedRevision, batchAppendSize: BATCH_MESSAGE_BYTES, requiresLeader: true, deadline: timeoutMs };
  switch (mode) {
    case 'single':
      // The public method takes this way only when credentials are passed with the call, which a URL without any does not have.
      return appendOnce.call(client, stream, proposed, options);
    case 'batched':
      return client.appendToStream(stream, proposed, options);
  }
}

/** The server may leave the position out when it finds the events stored already: the log itself knows it. */
async function appendedBefore(
  connection: Connection,
  stream: string,
  revision: bigint,
  readTimeoutMs: number,
): Promise<AppendResult> {
  const slice = await readStream(connection, stream, { fromRevision: revision, maxCount: 1 }, readTimeoutMs);
  const event = slice.events[0];
  if (event?.revision !== revision)
    throw new Error(`event ${String(revision)} of stream ${stream} was stored but cannot be read`);
  return { revision, position: event.position };
}
