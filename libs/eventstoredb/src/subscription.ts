import { EventBatch, Position, RecordedEvent, SubscribeOptions } from '@app/event-sourcing';
import { AllStreamResolvedEvent } from '@eventstore/db-client';
import { Backoff, backoffMs, sleep } from './backoff';
import { Connection } from './connection';
import { reasonOf } from './errors';
import { comparePositions, toPosition } from './positions';
import { headPosition } from './reads';
import { toRecordedEvent } from './stored-events';
import { SubscriptionSource } from './subscription-source';

export interface SubscriptionTuning {
  readonly reconnect: Backoff;
  readonly readTimeoutMs: number;
  /** Silence after which the head of the log is asked whether there should have been events. */
  readonly silenceTimeoutMs: number;
}

const BATCH_SIZE_DEFAULT_EVENTS = 500;

/** How long a consumer may be left without word that it has caught up, and how long a late event may take once the head is known. */
const PROBE_AFTER_MS = 250;

/**
 * `EventStore.subscribeToAll`. Reconnects for ever, with exponential back-off and jitter, and resumes after the last batch that the
 * consumer took. The client's own subscription ends with its connection, and does not notice when the server falls silent.
 */
export async function* subscribe(
  connection: Connection,
  options: Omit<SubscribeOptions, 'from'>,
  from: () => Promise<Position | 'start'>,
  tuning: SubscriptionTuning,
): AsyncGenerator<EventBatch, void, undefined> {
  const { client, log, closed } = connection;
  const signal = AbortSignal.any([options.signal, closed]);
  const batchSizeMax = options.batchSizeMax ?? BATCH_SIZE_DEFAULT_EVENTS;
  let position: Position | 'start' | undefined;
  for (let failures = 0; !signal.aborted; failures++) {
    let source: SubscriptionSource | undefined;
    let reason = 'ended by the server';
    try {
      position ??= await from();
      source = new SubscriptionSource(client, position);
      for await (const batch of batches(connection, source, { position, batchSizeMax, signal, tuning })) {
        position = batch.position;
        failures = 0;
        yield batch;
        if (isAborted(signal)) return;
      }
    } catch (error) {
      reason = reasonOf(error);
    } finally {
      source?.close();
    }
    if (isAborted(signal)) return;
    const delayMs = backoffMs(failures, tuning.reconnect);
    log.warn({ position, reason, delayMs: Math.round(delayMs) }, 'subscription to the event store interrupted, reconnecting');
    await sleep(delayMs, signal);
  }
}

/** The compiler takes a property that was false a moment ago for false for ever. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

interface Reading {
  readonly position: Position | 'start';
  readonly batchSizeMax: number;
  readonly signal: AbortSignal;
  readonly tuning: SubscriptionTuning;
}

/** Batches of one call, until it ends (returns), breaks or is found deaf (throws), or `signal` aborts (returns). */
async function* batches(connection: Connection, source: SubscriptionSource, reading: Reading): AsyncGenerator<EventBatch> {
  const { batchSizeMax, signal, tuning } = reading;
  let { position } = reading;
  let toldCaughtUp = false;
  while (!signal.aborted) {
    const taken = source.take(batchSizeMax);
    if (taken.length > 0) {
      position = positionOf(taken) ?? position;
      toldCaughtUp = source.isDrained;
      yield { events: toRecordedEvents(taken), position, caughtUp: toldCaughtUp };
      continue;
    }
    if (source.isDrained && !toldCaughtUp) {
      toldCaughtUp = true;
      position = source.furthest(position);
      yield { events: [], position, caughtUp: true };
      continue;
    }
    if (source.hasEnded) return;
    if (await source.changed(toldCaughtUp ? tuning.silenceTimeoutMs : PROBE_AFTER_MS, signal)) continue;
    if (isAborted(signal)) return;
    position = source.furthest(position);
    if (await nothingIsMissing(connection, position, tuning)) source.markCaughtUp();
    else if (!(await source.changed(toldCaughtUp ? PROBE_AFTER_MS : tuning.silenceTimeoutMs, signal))) {
      throw new Error('the subscription is silent although the log has gone on');
    }
  }
}

async function nothingIsMissing(
  connection: Connection,
  position: Position | 'start',
  { readTimeoutMs }: SubscriptionTuning,
): Promise<boolean> {
  return comparePositions(await headPosition(connection, readTimeoutMs), position) <= 0;
}

function positionOf(taken: readonly AllStreamResolvedEvent[]): Position | undefined {
  const last = taken.at(-1)?.event;
  return last === undefined ? undefined : toPosition(last.position);
}

/** Events that are not JSON were written by another program into the same store; nothing here could read them. */
function toRecordedEvents(taken: readonly AllStreamResolvedEvent[]): RecordedEvent[] {
  return taken.flatMap(({ event }) => (event?.isJson === true ? [toRecordedEvent(event)] : []));
}
