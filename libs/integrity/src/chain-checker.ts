import { RecordedEvent } from '@app/event-sourcing';
import { hashOf, isMacOf, linkOf, NO_PREVIOUS } from './chain';

interface Head {
  readonly revision: bigint;
  readonly hash: string;
}

/** undefined for content that has no canonical form, which this service cannot have written. */
function contentHash(event: RecordedEvent, previous: string): string | undefined {
  try {
    return hashOf(event, previous);
  } catch {
    return undefined;
  }
}

/** Something stands where a link should be. */
function hasLinkOfAnyKind({ metadata }: RecordedEvent): boolean {
  return (metadata as object | null) === null || Object.hasOwn(metadata, 'chain');
}

/** Follows the chain of every stream through a log; remembers the newest event of each, about 150 bytes a stream. */
export class ChainChecker {
  private readonly heads = new Map<string, Head>();
  unchained = 0;
  /** From the first link on every event must have one. */
  sawLink = false;

  constructor(
    private readonly macKey: Buffer | undefined,
    /** Streams may have begun before what is looked at. */
    private readonly isPart: boolean,
  ) {}

  get streams(): number {
    return this.heads.size;
  }

  /** What is wrong with the event, in a sentence; undefined where nothing is. `mayLackLink`: it may be from before there were links, as long as none was seen. */
  check(event: RecordedEvent, mayLackLink: boolean): string | undefined {
    const before = this.heads.get(event.stream);
    const expected = before === undefined ? 0n : before.revision + 1n;
    const isKnown = before !== undefined || !this.isPart;
    if (isKnown && event.revision !== expected) {
      return `revision ${event.revision} of ${event.stream} stands where revision ${expected} should be`;
    }
    const link = linkOf(event.metadata);
    if (link === undefined) return this.checkUnchained(event, mayLackLink && !this.sawLink && !hasLinkOfAnyKind(event));
    const previous = before?.hash ?? NO_PREVIOUS;
    if (isKnown && link.previous !== previous) return 'it does not follow the event before it in its stream';
    if (contentHash(event, link.previous) !== link.hash) return 'its content is not what its hash was made of';
    if (this.macKey !== undefined && !isMacOf(link.mac, link.hash, this.macKey)) return 'it was not written by this service';
    this.sawLink = true;
    this.heads.set(event.stream, { revision: event.revision, hash: link.hash });
    return undefined;
  }

  private checkUnchained(event: RecordedEvent, mayLackLink: boolean): string | undefined {
    if (!mayLackLink) return 'it has no link to the event before it';
    const hash = contentHash(event, NO_PREVIOUS);
    if (hash === undefined) return 'its content has no canonical form';
    this.unchained += 1;
    this.heads.set(event.stream, { revision: event.revision, hash });
    return undefined;
  }
}
