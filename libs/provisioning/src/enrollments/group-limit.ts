import { Inject, Injectable } from '@nestjs/common';
import type { EventStore } from '@app/event-sourcing';
import { DpsError } from '../shared/dps-error';
import { EVENT_STORE } from '../shared/tokens';
import { EnrollmentDraft } from './enrollment.commands';
import { EnrollmentGroupsDirectory, SYMMETRIC_KEY_GROUPS_MAX, X509_GROUPS_MAX } from './enrollment-groups.directory';

/** How long a new group waits for the directory to know of all others. */
const CAUGHT_UP_TIMEOUT_MS = 10_000;

interface CountedGroups {
  readonly max: number;
  readonly what: string;
  readonly count: () => number;
  readonly has: (id: string) => boolean;
}

/**
 * Keeps the published limits on groups, one for each kind of attestation. They span streams, so new groups go through here one at a
 * time; several processes may pass a limit by one each at the same instant.
 */
@Injectable()
export class GroupLimit {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly groups: EnrollmentGroupsDirectory,
  ) {}

  /** Runs `save`, after it is sure that the entry fits. Error: `DpsError` 400004. */
  within<Result>(draft: EnrollmentDraft, save: () => Promise<Result>): Promise<Result> {
    const counted = draft.kind === 'group' ? this.counted(draft.attestation.type) : undefined;
    if (counted === undefined || counted.has(draft.id)) return save();
    const turn = this.last.then(async () => {
      await this.requireRoom(draft.id, counted);
      return save();
    });
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private counted(type: EnrollmentDraft['attestation']['type']): CountedGroups | undefined {
    const { groups } = this;
    switch (type) {
      case 'symmetricKey':
        return {
          max: SYMMETRIC_KEY_GROUPS_MAX,
          what: 'with symmetric keys',
          count: () => groups.list().length,
          has: (id) => groups.has(id),
        };
      case 'x509':
        return {
          max: X509_GROUPS_MAX,
          what: 'with certificates',
          count: () => groups.signing.size,
          has: (id) => groups.signing.has(id),
        };
      case 'tpm':
        return undefined;
    }
  }

  private async requireRoom(id: string, { max, what, count, has }: CountedGroups): Promise<void> {
    const head = await this.store.headPosition();
    if (!(await this.groups.caughtUpTo(head, CAUGHT_UP_TIMEOUT_MS))) {
      throw new DpsError(500001, 'Service unavailable.', 'the directory of enrollment groups is behind the log');
    }
    if (count() >= max && !has(id)) throw DpsError.badRequest(`There can be at most ${max} enrollment groups ${what}.`);
  }
}
