import { RecordedEvent } from '@app/event-sourcing';
import { hashOf, isMacOf, linkOf, NO_PREVIOUS } from './chain';

interface Head {
  readonly revision: bigint;
  readonly hash: string;
}

/** Follows the chain of every stream through a log; remembers the newest event of each, about 150 bytes a stream. */
export class ChainChecker {
  private readonly heads = new Map<string, Head>();
  unchained = 0;
  private sawLink = false;

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
    if (link === undefined) return this.checkUnchained(event, mayLackLink && !this.sawLink);
    const previous = before?.hash ?? NO_PREVIOUS;
    if (isKnown && link.previous !== previous) return 'it does not follow the event before it in its stream';
    if (hashOf(event, link.previous) !== link.hash) return 'its content is not what its hash was made of';
    if (this.macKey !== undefined && !isMacOf(link.mac, link.hash, this.macKey)) return 'it was not written by this service';
    this.sawLink = true;
    this.heads.set(event.stream, { revision: event.revision, hash: link.hash });
    return undefined;
  }

  private checkUnchained(event: RecordedEvent, mayLackLink: boolean): string | undefined {
    if (!mayLackLink) return 'it has no link to the event before it';
    this.unchained += 1;
    this.heads.set(event.stream, { revision: event.revision, hash: hashOf(event, NO_PREVIOUS) });
    return undefined;
  }
}
