import { Snapshot, SnapshotStore } from '../snapshots';

/** Snapshots as JSON, as a database has them; for tests. */
export class InMemorySnapshotStore implements SnapshotStore {
  readonly kept = new Map<string, Omit<Snapshot, 'state'> & { readonly json: string }>();

  load(stream: string): Promise<Snapshot | undefined> {
    const found = this.kept.get(stream);
    if (found === undefined) return Promise.resolve(undefined);
    const { json, ...rest } = found;
    return Promise.resolve({ ...rest, state: JSON.parse(json) as Snapshot['state'] });
  }

  save(snapshots: readonly Snapshot[]): Promise<void> {
    for (const { state, ...rest } of snapshots) this.kept.set(rest.stream, { ...rest, json: JSON.stringify(state) });
    return Promise.resolve();
  }

  forget(stream: string): Promise<void> {
    this.kept.delete(stream);
    return Promise.resolve();
  }
}
