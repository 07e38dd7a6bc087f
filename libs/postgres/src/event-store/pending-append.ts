import { AppendResult, EventIdReused, ExpectedRevision, PreparedEvent, RevisionConflict } from '@app/event-sourcing';

/** An append that waits for its batch. */
export interface PendingAppend {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly PreparedEvent[];
  readonly chars: number;
  resolve(result: AppendResult): void;
  reject(error: unknown): void;
}

/** What the database says about one append; revisions as decimal text, -1 for a missing stream. */
export interface AppendOutcome {
  readonly kind: 'appended' | 'repeated' | 'conflict' | 'reused';
  readonly revision: string;
  readonly position: string;
}

/** How the append functions write an expected revision. */
export function expectedNumber(expected: ExpectedRevision): string {
  if (expected === 'any') return '-2';
  return expected === 'none' ? '-1' : String(expected);
}

export function settle(append: PendingAppend, outcome: AppendOutcome): void {
  const revision = BigInt(outcome.revision);
  switch (outcome.kind) {
    case 'appended':
    case 'repeated':
      append.resolve({ revision, position: outcome.position });
      return;
    case 'conflict':
      append.reject(new RevisionConflict(append.stream, append.expected, revision < 0n ? 'none' : revision));
      return;
    case 'reused':
      append.reject(new EventIdReused(append.stream));
  }
}
