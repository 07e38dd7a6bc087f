import { Inject, Injectable } from '@nestjs/common';
import type { EventStore } from '@app/event-sourcing';
import { DpsError } from '../shared/dps-error';
import { EVENT_STORE } from '../shared/tokens';
import { EnrollmentDraft } from './enrollment.commands';
import { EnrollmentGroupsDirectory, SYMMETRIC_KEY_GROUPS_MAX } from './enrollment-groups.directory';

/** How long a new group waits for the directory to know of all others. */
const CAUGHT_UP_TIMEOUT_MS = 10_000;

/**
 * Keeps the published limit on groups with symmetric keys. It spans streams, so new groups go through here one at a time; several
 * processes may pass it by one each at the same instant.
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
    if (draft.kind !== 'group' || draft.attestation.type !== 'symmetricKey' || this.groups.has(draft.id)) return save();
    const turn = this.last.then(async () => {
      await this.requireRoom(draft.id);
      return save();
    });
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async requireRoom(id: string): Promise<void> {
    const head = await this.store.headPosition();
    if (!(await this.groups.caughtUpTo(head, CAUGHT_UP_TIMEOUT_MS))) {
      throw new DpsError(500001, 'Service unavailable.', 'the directory of enrollment groups is behind the log');
    }
    if (this.groups.list().length >= SYMMETRIC_KEY_GROUPS_MAX && !this.groups.has(id)) {
      throw DpsError.badRequest(`There can be at most ${SYMMETRIC_KEY_GROUPS_MAX} enrollment groups with symmetric keys.`);
    }
  }
}
