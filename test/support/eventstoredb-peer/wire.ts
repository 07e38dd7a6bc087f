import { ReadResp } from '@eventstore/db-client/generated/streams_pb';
import { Empty, StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import { Metadata, ServerErrorResponse, status } from '@grpc/grpc-js';
import { PeerRecord } from './peer-log';

/** An event inside an answer. With every read, stream or all, the server gives both positions (since 22.6). */
export function readEvent(record: PeerRecord): ReadResp {
  const event = new ReadResp.ReadEvent.RecordedEvent();
  event.setId(uuid(record.id));
  event.setStreamIdentifier(streamIdentifier(record.stream));
  event.setStreamRevision(String(record.revision));
  event.setCommitPosition(String(record.position));
  event.setPreparePosition(String(record.position));
  event.setData(record.data);
  event.setCustomMetadata(record.metadata);
  event.getMetadataMap().set('type', record.type);
  event.getMetadataMap().set('content-type', record.contentType);
  event.getMetadataMap().set('created', record.createdTicks);
  const resolved = new ReadResp.ReadEvent();
  resolved.setEvent(event);
  resolved.setCommitPosition(String(record.position));
  const response = new ReadResp();
  response.setEvent(resolved);
  return response;
}

export function streamNotFound(stream: string): ReadResp {
  const notFound = new ReadResp.StreamNotFound();
  notFound.setStreamIdentifier(streamIdentifier(stream));
  const response = new ReadResp();
  response.setStreamNotFound(notFound);
  return response;
}

export function confirmation(id: string): ReadResp {
  const confirmed = new ReadResp.SubscriptionConfirmation();
  confirmed.setSubscriptionId(id);
  const response = new ReadResp();
  response.setConfirmation(confirmed);
  return response;
}

export function checkpoint(position: bigint): ReadResp {
  const reached = new ReadResp.Checkpoint();
  reached.setCommitPosition(String(position));
  reached.setPreparePosition(String(position));
  const response = new ReadResp();
  response.setCheckpoint(reached);
  return response;
}

export function caughtUp(): ReadResp {
  const response = new ReadResp();
  response.setCaughtUp(new ReadResp.CaughtUp());
  return response;
}

export function uuid(text: string): UUID {
  const id = new UUID();
  id.setString(text);
  return id;
}

export function streamIdentifier(stream: string): StreamIdentifier {
  const identifier = new StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream, 'utf8').toString('base64'));
  return identifier;
}

export function streamName(identifier: StreamIdentifier | undefined): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');
}

export const empty = (): Empty => new Empty();

/** Errors travel as gRPC statuses whose trailers say what happened, in words the client looks for. */
function failure(code: status, details: string, trailers: Readonly<Record<string, string>>): Partial<ServerErrorResponse> {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return { code, details, metadata };
}

export const streamDeleted = (stream: string): Partial<ServerErrorResponse> =>
  failure(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': stream,
  });

export const appendTooLarge = (sizeMaxBytes: number): Partial<ServerErrorResponse> =>
  failure(status.INVALID_ARGUMENT, `Maximum Append Size of ${sizeMaxBytes} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(sizeMaxBytes),
  });

export const notLeader = (host: string, port: number): Partial<ServerErrorResponse> =>
  failure(status.NOT_FOUND, `Leader info available`, {
    exception: 'not-leader',
    'leader-endpoint-host': host,
    'leader-endpoint-port': String(port),
  });

export const accessDenied = (): Partial<ServerErrorResponse> =>
  failure(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });

/** What a call that the server does not foresee gets, such as the read of a stream without a name. */
export const handlerFailed = (): Partial<ServerErrorResponse> => failure(status.UNKNOWN, 'Exception was thrown by handler.', {});

export const unavailable = (): Partial<ServerErrorResponse> => failure(status.UNAVAILABLE, 'Server Is Not Ready', {});
