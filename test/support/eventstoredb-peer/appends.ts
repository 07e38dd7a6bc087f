import { Status } from '@eventstore/db-client/generated/status_pb';
import {
  AllStreamPosition,
  MaximumAppendSizeExceeded,
  StreamDeleted,
  WrongExpectedVersion,
} from '@eventstore/db-client/generated/shared_pb';
import { AppendReq, AppendResp, BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import { sendUnaryData, ServerDuplexStream, ServerReadableStream } from '@grpc/grpc-js';
import { Any } from 'google-protobuf/google/protobuf/any_pb';
import { Empty as WellKnownEmpty } from 'google-protobuf/google/protobuf/empty_pb';
import { Message } from 'google-protobuf';
import { setTimeout as delay } from 'node:timers/promises';
import { Member } from './member';
import { AppendOutcome, PeerExpectation, PeerRecord, ProposedRecord } from './peer-log';
import { appendTooLarge, empty, streamDeleted, streamIdentifier, streamName } from './wire';

/** One append a call: options first, then one message an event; a conflict is a message, other failures are gRPC statuses. */
export function handleAppend(
  member: Member,
  call: ServerReadableStream<AppendReq, AppendResp>,
  answer: sendUnaryData<AppendResp>,
): void {
  let options: AppendReq.Options | undefined;
  const events: ProposedRecord[] = [];
  call.on('data', (request: AppendReq) => {
    options = request.getOptions() ?? options;
    const proposed = request.getProposedMessage();
    if (proposed !== undefined) events.push(toProposedRecord(proposed));
  });
  call.on('end', () => {
    const refusal = member.faults.refusal(call.metadata);
    if (refusal !== undefined || options === undefined) {
      answer(refusal ?? { details: 'no options' });
      return;
    }
    const stream = streamName(options.getStreamIdentifier());
    const expected = appendExpectation(options);
    const outcome = member.append(stream, expected, events);
    void respond(member, () => {
      if (outcome.kind === 'deleted') answer(streamDeleted(stream));
      else if (outcome.kind === 'too-large') answer(appendTooLarge(outcome.sizeMaxBytes));
      else answer(null, appendResponse(outcome, expected));
    });
  });
}

/** Many appends in one endless call, told apart by correlation id; a failure is a `google.rpc.Status` with its detail in an `Any`. */
export function handleBatchAppend(member: Member, call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void {
  const open = new Map<string, { readonly options: BatchAppendReq.Options; readonly events: ProposedRecord[] }>();
  call.on('end', () => call.end());
  call.on('data', (request: BatchAppendReq) => {
    const refusal = member.faults.refusal(call.metadata);
    if (refusal !== undefined) {
      call.emit('error', refusal);
      return;
    }
    const id = request.getCorrelationId()?.getString() ?? '';
    const pending = open.get(id) ?? { options: request.getOptions() ?? new BatchAppendReq.Options(), events: [] };
    open.set(id, pending);
    pending.events.push(...request.getProposedMessagesList().map(toProposedRecord));
    if (!request.getIsFinal()) return;
    open.delete(id);
    const stream = streamName(pending.options.getStreamIdentifier());
    const outcome = member.append(stream, batchExpectation(pending.options), pending.events);
    void respond(member, () => {
      const response = batchResponse(outcome, stream, batchExpectation(pending.options));
      response.setCorrelationId(request.getCorrelationId());
      response.setStreamIdentifier(pending.options.getStreamIdentifier());
      call.write(response);
    });
  });
}

/** The event is stored by now: what may still go wrong is the answer. */
async function respond(member: Member, answer: () => void): Promise<void> {
  const { faults } = member;
  if (faults.answersToLose > 0) {
    faults.answersToLose--;
    return;
  }
  if (faults.answersToCut > 0) {
    faults.answersToCut--;
    member.dropConnections();
    return;
  }
  if (faults.answerDelayMs > 0) await delay(faults.answerDelayMs);
  answer();
}

function toProposedRecord(message: AppendReq.ProposedMessage | BatchAppendReq.ProposedMessage): ProposedRecord {
  const properties = message.getMetadataMap();
  return {
    id: message.getId()?.getString() ?? '',
    type: properties.get('type') ?? '',
    contentType: properties.get('content-type') ?? '',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

function appendExpectation(options: AppendReq.Options): PeerExpectation {
  if (options.hasNoStream()) return 'none';
  if (options.hasStreamExists()) return 'exists';
  return options.hasRevision() ? BigInt(options.getRevision()) : 'any';
}

function batchExpectation(options: BatchAppendReq.Options): PeerExpectation {
  if (options.hasNoStream()) return 'none';
  if (options.hasStreamExists()) return 'exists';
  return options.hasStreamPosition() ? BigInt(options.getStreamPosition()) : 'any';
}

type Answered = Extract<AppendOutcome, { kind: 'stored' | 'conflict' }>;

function appendResponse(outcome: Answered, expected: PeerExpectation): AppendResp {
  const response = new AppendResp();
  switch (outcome.kind) {
    case 'stored': {
      const success = new AppendResp.Success();
      success.setCurrentRevision(String(outcome.last.revision));
      const position = new AppendResp.Position();
      position.setCommitPosition(String(outcome.last.position));
      position.setPreparePosition(String(outcome.last.position));
      success.setPosition(position);
      response.setSuccess(success);
      return response;
    }
    case 'conflict': {
      const wrong = new AppendResp.WrongExpectedVersion();
      if (outcome.current === undefined) wrong.setCurrentNoStream(empty());
      else wrong.setCurrentRevision(String(outcome.current));
      if (typeof expected === 'bigint') wrong.setExpectedRevision(String(expected));
      else if (expected === 'none') wrong.setExpectedNoStream(empty());
      else wrong.setExpectedStreamExists(empty());
      response.setWrongExpectedVersion(wrong);
      return response;
    }
  }
}

function batchResponse(outcome: AppendOutcome, stream: string, expected: PeerExpectation): BatchAppendResp {
  const response = new BatchAppendResp();
  switch (outcome.kind) {
    case 'stored':
      response.setSuccess(batchSuccess(outcome.last));
      return response;
    case 'conflict': {
      const wrong = new WrongExpectedVersion();
      if (outcome.current === undefined) wrong.setCurrentNoStream(new WellKnownEmpty());
      else wrong.setCurrentStreamRevision(String(outcome.current));
      if (typeof expected === 'bigint') wrong.setExpectedStreamPosition(String(expected));
      else if (expected === 'none') wrong.setExpectedNoStream(new WellKnownEmpty());
      else wrong.setExpectedStreamExists(new WellKnownEmpty());
      response.setError(errorStatus('WrongExpectedVersion', wrong));
      return response;
    }
    case 'deleted': {
      const deleted = new StreamDeleted();
      deleted.setStreamIdentifier(streamIdentifier(stream));
      response.setError(errorStatus('StreamDeleted', deleted));
      return response;
    }
    case 'too-large': {
      const exceeded = new MaximumAppendSizeExceeded();
      exceeded.setMaxappendsize(outcome.sizeMaxBytes);
      response.setError(errorStatus('MaximumAppendSizeExceeded', exceeded));
      return response;
    }
  }
}

function batchSuccess(last: PeerRecord): BatchAppendResp.Success {
  const success = new BatchAppendResp.Success();
  success.setCurrentRevision(String(last.revision));
  const position = new AllStreamPosition();
  position.setCommitPosition(String(last.position));
  position.setPreparePosition(String(last.position));
  success.setPosition(position);
  return success;
}

function errorStatus(name: string, detail: Message): Status {
  const packed = new Any();
  packed.pack(detail.serializeBinary(), `event_store.client.${name}`);
  const status = new Status();
  status.setMessage(name);
  status.setDetails(packed);
  return status;
}
