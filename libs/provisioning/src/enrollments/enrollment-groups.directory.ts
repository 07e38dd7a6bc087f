import { EventStore, Log, Position, RecordedEvent, runSubscription, Subscription } from '@app/event-sourcing';
import { SealedSecret } from '../shared/shapes';
import { EnrollmentEntry, enrollmentCodec, EnrollmentEvent } from './enrollment.events';
import { SigningGroups } from './signing-groups';

/** Published limits of an instance. */
export const SYMMETRIC_KEY_GROUPS_MAX = 100;
export const X509_GROUPS_MAX = 100;
/** Without the directory no group's device can be told from a stranger, so it never gives up; pauses grow to some seconds. */
const RETRIES_MAX = Number.POSITIVE_INFINITY;
const GROUP_STREAM_PREFIX = 'enrollmentGroup-';

/** A group that may know a device: its id and its sealed keys, which say which group's key derives the presented one. */
export interface GroupKeys {
  readonly enrollmentGroupId: string;
  readonly primaryKey: SealedSecret;
  readonly secondaryKey: SealedSecret;
}

/** Where the directory may begin instead of at the start of the log: nothing after `position` is missing from these streams. */
export interface KnownGroups {
  readonly position: Position | 'start';
  /** Streams of the groups that existed then, or have come since. */
  readonly streams: readonly string[];
}

/**
 * The groups that attest by symmetric keys and those that attest by certificates, kept in memory from the log. It only says where
 * to look; the truth about a group is its stream. A reader that finds nothing here waits for `caughtUpTo(await store.headPosition())` and looks again before it says no.
 */
export class EnrollmentGroupsDirectory {
  private readonly groups = new Map<string, GroupKeys>();
  /** Those that attest by certificates. */
  readonly signing = new SigningGroups();
  private readonly stopping = new AbortController();
  private subscription: Subscription | undefined;

  private starting: Promise<void> | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly log: Log,
    /** Asked once, at the start; when it fails the whole log is read. */
    private readonly known: () => Promise<KnownGroups> = () => Promise.resolve({ position: 'start', streams: [] }),
  ) {}

  start(): void {
    this.starting ??= this.begin();
  }

  private async begin(): Promise<void> {
    const from = await this.readKnown().catch((err: unknown) => {
      this.log.warn({ err }, 'the known enrollment groups could not be read, so the whole log is');
      return 'start' as const;
    });
    if (this.stopping.signal.aborted) return;
    this.subscription = runSubscription({
      name: 'enrollment groups',
      store: this.store,
      from,
      handle: (batch) => {
        for (const recorded of batch.events) this.apply(recorded);
        return Promise.resolve();
      },
      signal: this.stopping.signal,
      log: this.log,
      retriesMax: RETRIES_MAX,
    });
  }

  /** What comes after the position is applied again by the subscription, which ends at the same. */
  private async readKnown(): Promise<Position | 'start'> {
    const { position, streams } = await this.known();
    for (const stream of streams) for (const recorded of (await this.store.readStream(stream)).events) this.apply(recorded);
    return position;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.starting;
    await this.subscription?.finished;
  }

  /** Those with symmetric keys: at most `SYMMETRIC_KEY_GROUPS_MAX` and the few that several processes created at one instant. */
  list(): readonly GroupKeys[] {
    return [...this.groups.values()];
  }

  has(enrollmentGroupId: string): boolean {
    return this.groups.has(enrollmentGroupId.toLowerCase());
  }

  /** True as soon as everything up to `position` is in here; false when that took longer than `timeoutMs`. */
  async caughtUpTo(position: Position, timeoutMs: number): Promise<boolean> {
    await this.starting;
    return this.subscription?.waitFor(position, timeoutMs) ?? false;
  }

  private apply(recorded: RecordedEvent): void {
    if (!recorded.stream.startsWith(GROUP_STREAM_PREFIX) || !enrollmentCodec.knows(recorded.type)) return;
    const key = recorded.stream.slice(GROUP_STREAM_PREFIX.length);
    const event: EnrollmentEvent = enrollmentCodec.decode(recorded);
    switch (event.type) {
      case 'EnrollmentCreated':
      case 'EnrollmentUpdated':
        this.put(key, event.data.entry);
        break;
      case 'EnrollmentDeleted':
        this.groups.delete(key);
        this.signing.delete(key);
        break;
      case 'EnrollmentKeyRegenerated':
        this.replaceKey(key, event.data.key, event.data.secret);
        break;
      case 'EnrollmentPolicyUpdated':
      case 'EnrollmentDisabled':
      case 'EnrollmentEnabled':
        break;
    }
  }

  private replaceKey(key: string, which: 'primary' | 'secondary', secret: SealedSecret): void {
    const known = this.groups.get(key);
    if (known === undefined) return;
    this.groups.set(key, { ...known, ...(which === 'primary' ? { primaryKey: secret } : { secondaryKey: secret }) });
  }

  private put(key: string, entry: EnrollmentEntry): void {
    this.signing.put(key, entry);
    const { id, attestation } = entry;
    if (attestation.type !== 'symmetricKey') {
      this.groups.delete(key);
      return;
    }
    const { primaryKey, secondaryKey } = attestation;
    this.groups.set(key, { enrollmentGroupId: id, primaryKey, secondaryKey });
  }
}
