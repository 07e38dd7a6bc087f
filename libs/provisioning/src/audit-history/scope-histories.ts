import { ReadOwnWrites } from '../management/projection-monitor';
import { Page } from '../read-models/page';
import { AuditEvent } from './audit-event';
import { ScopeHistoryQuery, filterIn } from './audit-history.dto';
import { auditIndexProjection } from './audit-index.projection';
import { AuditFilter } from './audit-index.queries';
import { AuditLog } from './audit-log';

/** What was changed about one thing, and what was decided by it or sent to it. */
export class ScopeHistories {
  constructor(
    private readonly audit: AuditLog,
    private readonly ownWrites: ReadOwnWrites,
  ) {}

  /** Errors: `ProblemError` 400 for a bad filter, 503 when the index is not there in time; `InvalidCursor`. */
  async read(query: ScopeHistoryQuery, scope: AuditFilter): Promise<Page<AuditEvent>> {
    const filter = { ...filterIn(query), ...scope };
    await this.ownWrites.wait(query.atLeast, auditIndexProjection);
    return this.audit.page(filter, query.order ?? 'desc', query);
  }
}
