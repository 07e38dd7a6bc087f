import { randomBytes } from 'node:crypto';
import { SubjectKey } from '../box';
import { SubjectKeys } from '../subject-keys';

/** Keys in memory, numbered, for tests. */
export class InMemorySubjectKeys implements SubjectKeys {
  private readonly keys = new Map<string, SubjectKey>();
  private readonly retired = new Map<string, readonly SubjectKey[]>();
  made = 0;

  keyFor(subject: string): Promise<SubjectKey> {
    const known = this.keys.get(subject) ?? { id: `key-${++this.made}`, key: randomBytes(32) };
    this.keys.set(subject, known);
    return Promise.resolve(known);
  }

  find(ids: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
    const known = [...this.keys.values()].filter(({ id }) => ids.includes(id));
    return Promise.resolve(new Map(known.map(({ id, key }) => [id, key])));
  }

  retire(subject: string): Promise<boolean> {
    const known = this.keys.get(subject);
    if (known === undefined) return Promise.resolve(false);
    this.retired.set(subject, [...(this.retired.get(subject) ?? []), known]);
    return Promise.resolve(this.keys.delete(subject));
  }

  destroy(subject: string): Promise<boolean> {
    return Promise.resolve(this.retired.delete(subject));
  }
}
