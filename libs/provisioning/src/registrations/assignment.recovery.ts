import { ReadDatabase } from '../shared/read-database';
import { tableName } from '../read-models/table-name';
import { AssignmentLog, AssignmentProcess } from './assignment.process';
import { openAssignmentsProjection } from './open-assignments.projection';

/** Operations taken up in one look. */
const BATCH_MAX = 200;
/** Operations this instance recovers at one time; devices that call now go first. */
const AT_ONCE_MAX = 16;

/** Forgetting an attempt only means that an operation is tried sooner. */
const ATTEMPTS_REMEMBERED_MAX = 10_000;

const findStanding = {
  name: 'open-assignments-standing',
  text: `select registration_key from ${tableName(openAssignmentsProjection, 'open_assignments')}
    where moved_at <= now() - make_interval(secs => $1::double precision / 1000)
    order by moved_at limit $2`,
};

export interface RecoveryOptions {
  readonly process: AssignmentProcess;
  readonly database: ReadDatabase;
  /** An operation that has not moved for this long has lost its process. */
  readonly takeoverMs: number;
  readonly pollMs: number;
  readonly log: AssignmentLog;
}

/**
 * Takes up operations that stand still: their process died, or a hub could not be reached past the point where the move could
 * have been undone. The read model may lag; running an operation that is finished does nothing.
 */
export class AssignmentRecovery {
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<void> = Promise.resolve();
  private stopped = false;
  /** When an operation was last taken up here, so that one that cannot get through is not tried at every look. */
  private readonly attemptedAtMs = new Map<string, number>();

  constructor(private readonly options: RecoveryOptions) {}

  /** `firstTakeoverMs` is 0 where no other instance can be running what is found at the start. */
  start(firstTakeoverMs: number = this.options.takeoverMs): void {
    this.schedule(0, firstTakeoverMs);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.current;
  }

  private schedule(delayMs: number, takeoverMs: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.current = this.look(takeoverMs).finally(() => this.schedule(this.options.pollMs, this.options.takeoverMs));
    }, delayMs);
  }

  private async look(takeoverMs: number): Promise<void> {
    const { database, process, log } = this.options;
    try {
      const rows = await database.query<{ registration_key: string }>({ ...findStanding, values: [takeoverMs, BATCH_MAX] });
      const due = rows.map((row) => row.registration_key).filter((key) => this.isDue(key));
      if (due.length > 0) log.warn({ operations: due.length }, 'taking up operations that stand still');
      for (let from = 0; from < due.length && !this.stopped; from += AT_ONCE_MAX) {
        await Promise.all(due.slice(from, from + AT_ONCE_MAX).map((key) => process.run(key)));
      }
    } catch (err) {
      log.warn({ err }, 'could not look for operations that stand still');
    }
  }
  private isDue(key: string): boolean {
    const nowMs = performance.now();
    const last = this.attemptedAtMs.get(key);
    if (last !== undefined && nowMs - last < this.options.takeoverMs) return false;
    if (this.attemptedAtMs.size >= ATTEMPTS_REMEMBERED_MAX) this.attemptedAtMs.clear();
    this.attemptedAtMs.set(key, nowMs);
    return true;
  }
}
