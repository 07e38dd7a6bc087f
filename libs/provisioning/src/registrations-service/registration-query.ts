import { Inject, Injectable } from '@nestjs/common';
import type { EventStore } from '@app/event-sourcing';
import { PROJECTION_MONITOR } from '../management/projection-monitor';
import type { ProjectionMonitor } from '../management/projection-monitor';
import { deviceStatusProjection } from '../read-models/device-status.projection';
import { listDeviceStatus } from '../read-models/device-status.queries';
import { InvalidCursor, PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX } from '../read-models/page';
import { DpsError } from '../shared/dps-error';
import type { ReadDatabase } from '../shared/read-database';
import { EVENT_STORE, READ_DATABASE } from '../shared/tokens';
import { RegistrationStateDocument, stateOfRow } from './registration-state.document';

/** How long a query waits for the read model to hold what was in the log when it was asked; then it answers what there is. */
const CATCH_UP_TIMEOUT_MS = 2_000;

export interface RegistrationQueryPage {
  readonly states: readonly RegistrationStateDocument[];
  readonly pageSize: number;
  /** undefined on the last page. */
  readonly continuation: string | undefined;
}

/** The registrations of an enrollment group, from the read model, ordered by registration id. */
@Injectable()
export class RegistrationQuery {
  constructor(
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(PROJECTION_MONITOR) private readonly monitor: Pick<ProjectionMonitor, 'waitFor'>,
  ) {}

  /** `itemCount` and `continuation` are the headers as sent. Error: `DpsError` 400004. */
  async ofGroup(
    enrollmentGroupId: string,
    itemCount: string | undefined,
    continuation: string | undefined,
  ): Promise<RegistrationQueryPage> {
    const limit = pageSize(itemCount);
    const head = await this.store.headPosition();
    if (head !== 'start') await this.monitor.waitFor([deviceStatusProjection.name], head, CATCH_UP_TIMEOUT_MS);
    const cursor = continuation === undefined || continuation === '' ? undefined : continuation;
    const enrollment = { kind: 'group', id: enrollmentGroupId } as const;
    try {
      const { items, nextCursor } = await listDeviceStatus(this.database, { enrollment }, { limit, cursor });
      return { states: items.map(stateOfRow), pageSize: limit, continuation: nextCursor ?? undefined };
    } catch (error) {
      if (error instanceof InvalidCursor) throw DpsError.badRequest('x-ms-continuation is not one that this query gave out.');
      throw error;
    }
  }
}

/** More than the largest page is no error: the client gets the largest page and a continuation. */
function pageSize(itemCount: string | undefined): number {
  if (itemCount === undefined || itemCount === '') return PAGE_ITEMS_DEFAULT;
  if (!/^[1-9]\d{0,8}$/.test(itemCount)) throw DpsError.badRequest('x-ms-max-item-count must be a whole number from 1.');
  return Math.min(Number(itemCount), PAGE_ITEMS_MAX);
}
