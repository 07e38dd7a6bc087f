import { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb';
import { ServerWritableStream } from '@grpc/grpc-js';
import { Member } from './member';
import { PeerRecord } from './peer-log';
import { caughtUp, checkpoint, confirmation, handlerFailed, readEvent, streamDeleted, streamName, streamNotFound } from './wire';

type ReadCall = ServerWritableStream<ReadReq, ReadResp>;

const BACKWARDS = 1;

export function handleRead(member: Member, call: ReadCall): void {
  const refusal = member.faults.refusal(call.metadata);
  if (refusal !== undefined) {
    call.emit('error', refusal);
    return;
  }
  const options = call.request.getOptions() ?? new ReadReq.Options();
  const work = options.hasSubscription()
    ? subscribe(member, call, options).finally(() => member.subscriptionEnded())
    : read(member, call, options);
  work.catch((error: unknown) => call.emit('error', error));
}

async function read(member: Member, call: ReadCall, options: ReadReq.Options): Promise<void> {
  const stream = streamName(options.getStream()?.getStreamIdentifier());
  if (options.hasStream()) {
    if (stream === '') {
      call.emit('error', handlerFailed());
      return;
    }
    if (member.log.isTombstoned(stream)) {
      call.emit('error', streamDeleted(stream));
      return;
    }
    if (member.log.readStream(stream) === undefined) call.write(streamNotFound(stream));
  }
  const records = options.hasStream()
    ? streamRange(member.log.readStream(stream) ?? [], options)
    : allRange(member.log.records, options);
  const count = Number(options.getCount());
  for (const record of records.slice(0, count)) {
    if (call.cancelled) return;
    await write(call, readEvent(record));
  }
  call.end();
}

/** Inclusive of the revision in either direction. */
function streamRange(records: readonly PeerRecord[], options: ReadReq.Options): readonly PeerRecord[] {
  const range = options.getStream();
  const from = range?.hasRevision() === true ? BigInt(range.getRevision()) : undefined;
  const isBackwards = (options.getReadDirection() as number) === BACKWARDS;
  const inRange = records.filter(({ revision }) => from === undefined || (isBackwards ? revision <= from : revision >= from));
  return isBackwards ? inRange.toReversed() : inRange;
}

/** Forwards inclusive of the position, backwards exclusive, as the server has it. */
function allRange(records: readonly PeerRecord[], options: ReadReq.Options): readonly PeerRecord[] {
  const from = options.getAll()?.getPosition();
  const start = from === undefined ? undefined : BigInt(from.getCommitPosition());
  const isBackwards = (options.getReadDirection() as number) === BACKWARDS;
  const inRange = records.filter(({ position }) => start === undefined || (isBackwards ? position < start : position >= start));
  return isBackwards ? inRange.toReversed() : inRange;
}

/** Endless: what comes after the position, then word of having caught up, then what is appended, until the call is cancelled. */
async function subscribe(member: Member, call: ReadCall, options: ReadReq.Options): Promise<void> {
  const number = member.nextSubscription();
  const passes = filterOf(options);
  const checkpointAfter = options.getFilter()?.getMax() ?? 0;
  let index = firstAfter(member.log.records, options);
  let leftOut = 0;
  let toldCaughtUp = false;
  call.write(confirmation(String(number)));
  while (!call.cancelled) {
    const record = number > member.faults.deafUntilSubscription ? member.log.records[index] : undefined;
    if (record !== undefined) {
      index++;
      if (passes(record)) await write(call, readEvent(record));
      else if (++leftOut % Math.max(1, checkpointAfter) === 0) await write(call, checkpoint(record.position));
    } else {
      if (!toldCaughtUp && member.announcesCaughtUp) await write(call, caughtUp());
      toldCaughtUp = true;
      await appendedOrCancelled(member, call);
    }
  }
}

function firstAfter(records: readonly PeerRecord[], options: ReadReq.Options): number {
  const all = options.getAll();
  if (all?.hasEnd() === true) return records.length;
  const from = all?.getPosition();
  if (from === undefined) return 0;
  const commit = BigInt(from.getCommitPosition());
  const index = records.findIndex(({ position }) => position > commit);
  return index === -1 ? records.length : index;
}

function filterOf(options: ReadReq.Options): (record: PeerRecord) => boolean {
  const expression = options.getFilter()?.getEventType()?.getRegex();
  if (expression === undefined) return () => true;
  const pattern = new RegExp(expression);
  return ({ type }) => pattern.test(type);
}

async function appendedOrCancelled(member: Member, call: ReadCall): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stop();
      call.off('cancelled', done);
      resolve();
    };
    const stop = member.log.onAppend(done);
    call.once('cancelled', done);
    if (call.cancelled) done();
  });
}

async function write(call: ReadCall, response: ReadResp): Promise<void> {
  if (call.write(response) || call.cancelled) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      call.off('drain', done);
      call.off('cancelled', done);
      resolve();
    };
    call.once('drain', done);
    call.once('cancelled', done);
  });
}
