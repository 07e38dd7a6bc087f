import { Position } from '@app/event-sourcing';
import { CloudEvent } from './cloud-event';

/** One message of a `text/event-stream`. JSON has no line breaks of its own, so `data` is one line. */
export function eventMessage(event: CloudEvent): string {
  return `id: ${event.position}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Keeps proxies from closing a quiet connection. The id without data moves `Last-Event-ID` past events that a filter left out. */
export function heartbeatMessage(position: Position | 'start'): string {
  return position === 'start' ? ': heartbeat\n\n' : `: heartbeat\nid: ${position}\n\n`;
}

export type FeedEnd = 'too-slow' | 'shutdown' | 'store-unavailable';

const reasons: Readonly<Record<FeedEnd, string>> = {
  'too-slow': 'The reader took too long; connect again with Last-Event-ID to go on where it stopped.',
  shutdown: 'The service stops; connect again with Last-Event-ID to go on where it stopped.',
  'store-unavailable': 'The event store cannot be reached; connect again with Last-Event-ID to go on where it stopped.',
};

/** The last message that the service sends by itself; it has no id, so that `Last-Event-ID` stays that of the last event. */
export function endMessage(reason: FeedEnd): string {
  return `event: end\ndata: ${JSON.stringify({ reason, detail: reasons[reason] })}\n\n`;
}

/** How long a client waits before it connects again. */
export function retryMessage(retryMs: number): string {
  return `retry: ${retryMs}\n\n`;
}
