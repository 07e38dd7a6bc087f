import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import canonicalize from 'canonicalize';
import { EventMetadata, EventToAppend, RecordedEvent } from '@app/event-sourcing';

/**
 * What ties an event to the one before it in its stream; stored in its metadata. All three are SHA-256, base64url. `mac` is keyed, so
 * that nobody who can only write to the store can make one.
 */
export interface ChainLink {
  readonly previous: string;
  readonly hash: string;
  readonly mac: string;
}

/** Stands before the first event of a stream. */
export const NO_PREVIOUS = '';

/** What the hash covers: everything of an event but where the store has put it. */
export interface HashedEvent {
  readonly stream: string;
  readonly revision: bigint;
  readonly id: string;
  readonly type: string;
  readonly data: EventToAppend['data'];
  readonly metadata: EventMetadata;
}

/** SHA-256 over the canonical JSON (RFC 8785) of the event, without its own link, and the hash before it. */
export function hashOf({ stream, revision, id, type, data, metadata }: HashedEvent, previous: string): string {
  const { chain: _link, ...rest } = metadata;
  const hashed = { stream, revision: revision.toString(), id: id.toLowerCase(), type, data, metadata: rest, previous };
  return createHash('sha256')
    .update(canonicalize(hashed) ?? '')
    .digest('base64url');
}

export function macOf(hash: string, key: Buffer): string {
  return createHmac('sha256', key).update(hash).digest('base64url');
}

export function isMacOf(mac: string, hash: string, key: Buffer): boolean {
  const [given, wanted] = [Buffer.from(mac), Buffer.from(macOf(hash, key))];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** The link of an event; undefined for one from before there were any, or with something else in its place. */
export function linkOf(metadata: EventMetadata): ChainLink | undefined {
  const link: unknown = (metadata as Partial<EventMetadata> | null)?.chain;
  if (typeof link !== 'object' || link === null) return undefined;
  const { previous, hash, mac } = link as Partial<Record<keyof ChainLink, unknown>>;
  if (typeof previous !== 'string' || typeof hash !== 'string' || typeof mac !== 'string') return undefined;
  return { previous, hash, mac };
}

/** The hash by which the next event is tied to this one; of an event without a link, the one it would have. */
export function hashAt(event: RecordedEvent): string {
  return linkOf(event.metadata)?.hash ?? hashOf(event, NO_PREVIOUS);
}
