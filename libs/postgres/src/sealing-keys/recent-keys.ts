import { SubjectKey } from '@app/sealing';

/** Keys remembered, oldest first out; one is about 200 bytes. */
const KEYS_MAX = 10_000;

interface Recent extends SubjectKey {
  readonly subject: string;
  readonly untilMs: number;
}

/** Keys that this process has read a moment ago, by subject and by id. */
export class RecentKeys {
  private readonly bySubject = new Map<string, Recent>();
  private readonly byId = new Map<string, Recent>();

  constructor(private readonly knownMs: number) {}

  ofSubject(subject: string): SubjectKey | undefined {
    return this.fresh(this.bySubject.get(subject));
  }

  ofId(id: string): Buffer | undefined {
    return this.fresh(this.byId.get(id))?.key;
  }

  remember(subject: string, key: SubjectKey): void {
    this.forget(subject);
    const recent = { ...key, subject, untilMs: performance.now() + this.knownMs };
    this.bySubject.set(subject, recent);
    this.byId.set(key.id, recent);
    if (this.bySubject.size <= KEYS_MAX) return;
    const [oldest] = this.bySubject.keys();
    if (oldest !== undefined) this.forget(oldest);
  }

  forget(subject: string): void {
    const known = this.bySubject.get(subject);
    if (known === undefined) return;
    this.bySubject.delete(subject);
    this.byId.delete(known.id);
  }

  private fresh(recent: Recent | undefined): Recent | undefined {
    if (recent === undefined || performance.now() < recent.untilMs) return recent;
    this.forget(recent.subject);
    return undefined;
  }
}
