import type { ServerResponse } from 'node:http';
import { ResponseWriter } from '../feed/response-writer';
import { ProblemError } from '../management/problem';
import { AssignmentLog } from '../registrations/assignment.process';
import { AuditFilter, AuditOrder } from './audit-index.queries';
import { AuditLog } from './audit-log';
import { ExportFormat, exportWritings } from './export-formats';

/** Each reads as fast as its reader takes it. */
export const EXPORTS_MAX = 4;

/** Exports on their way to whoever asked for them; one whose reader has gone stops reading. */
export class AuditExports {
  private readonly running = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly audit: Pick<AuditLog, 'batches'>,
    private readonly log: AssignmentLog,
  ) {}

  /** Error: `ProblemError` 503 when as many run already as may. To be asked before anything is written. */
  admit(): void {
    if (this.running.size < EXPORTS_MAX && !this.stopping.signal.aborted) return;
    throw new ProblemError(503, 'unavailable', 'Temporarily unavailable', `${EXPORTS_MAX} exports are under way already.`);
  }

  /** What cannot be finished is cut off, so that a reader cannot take it for the whole. */
  serve(response: ServerResponse, format: ExportFormat, filter: AuditFilter, order: AuditOrder): Promise<void> {
    const work = this.write(response, format, filter, order)
      .catch((err: unknown) => {
        this.log.warn({ err }, 'an export was cut off');
        response.destroy();
      })
      .finally(() => this.running.delete(work));
    this.running.add(work);
    return work;
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
  }

  private async write(response: ServerResponse, format: ExportFormat, filter: AuditFilter, order: AuditOrder): Promise<void> {
    const writer = new ResponseWriter(response);
    const signal = AbortSignal.any([writer.signal, this.stopping.signal]);
    const { start, end, piece } = exportWritings[format];
    let isFirst = true;
    let waiting = start;
    for await (const events of this.audit.batches(filter, order)) {
      if (signal.aborted || (await writer.write(waiting + piece(events, isFirst))) !== 'ok') {
        throw new Error('the reader has gone, or the service stops');
      }
      isFirst = false;
      waiting = '';
    }
    await writer.end(waiting + end);
  }
}
