import { Inject, Injectable, Logger } from '@nestjs/common';
import { PROJECTION_MONITOR } from '../management/projection-monitor';
import type { ProjectionMonitor } from '../management/projection-monitor';
import { enrollmentsProjection } from '../read-models/enrollments.projection';
import { EnrollmentRow, listEnrollments } from '../read-models/enrollments.queries';
import { InvalidCursor, PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX } from '../read-models/page';
import { DpsError } from '../shared/dps-error';
import type { ReadDatabase } from '../shared/read-database';
import { EnrollmentKind } from '../shared/shapes';
import { READ_DATABASE } from '../shared/tokens';
import { EnrollmentHandling } from './enrollment-handling';
import { EnrollmentView } from './enrollment.document';

/** How long a query waits for the read model to hold what this process wrote before it. */
const OWN_WRITES_TIMEOUT_MS = 5_000;

export interface CatalogPage {
  readonly views: readonly EnrollmentView[];
  readonly pageSize: number;
  /** What the next page is asked for with; undefined on the last one. */
  readonly continuation: string | undefined;
}

/** Lists of enrollments, from the read model, ordered by id. */
@Injectable()
export class EnrollmentCatalog {
  private readonly logger = new Logger('enrollments');

  constructor(
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
    @Inject(PROJECTION_MONITOR) private readonly progress: Pick<ProjectionMonitor, 'waitFor'>,
    private readonly handling: EnrollmentHandling,
  ) {}

  /**
   * `itemCount` and `continuation` are the headers as sent. Everything that this process wrote before is in the list, unless the
   * read model is more than `OWN_WRITES_TIMEOUT_MS` behind. Error: `DpsError` 400004.
   */
  async list(kind: EnrollmentKind, itemCount: string | undefined, continuation: string | undefined): Promise<CatalogPage> {
    const pageSize = parseItemCount(itemCount);
    await this.ownWrites();
    const cursor = continuation === undefined || continuation === '' ? undefined : continuation;
    try {
      const { items, nextCursor } = await listEnrollments(this.database, kind, {}, { limit: pageSize, cursor });
      return { views: items.map(viewOf), pageSize, continuation: nextCursor ?? undefined };
    } catch (error) {
      if (error instanceof InvalidCursor) throw DpsError.badRequest('x-ms-continuation is not one that this query gave out.');
      throw error;
    }
  }

  private async ownWrites(): Promise<void> {
    const position = this.handling.lastWritten;
    if (position === undefined) return;
    if (await this.progress.waitFor([enrollmentsProjection.name], position, OWN_WRITES_TIMEOUT_MS)) return;
    this.logger.warn({ reason: 'a query was answered from a read model that is behind', position });
  }
}

/** More than the largest page is no error: the client gets the largest page and a continuation. */
function parseItemCount(text: string | undefined): number {
  if (text === undefined || text === '') return PAGE_ITEMS_DEFAULT;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw DpsError.badRequest('x-ms-max-item-count must be a whole number from 1.');
  return Math.min(Number(text), PAGE_ITEMS_MAX);
}

function viewOf(row: EnrollmentRow): EnrollmentView {
  const { document, provisioningStatus, reprovisionPolicy, createdAt, updatedAt } = row;
  return { entry: { ...document, provisioningStatus, reprovisionPolicy }, createdAt, updatedAt, revision: BigInt(row.revision) };
}
