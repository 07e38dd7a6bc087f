import { EventStoreUnavailable, Log } from '@app/event-sourcing';
import { DatabaseError } from 'pg';
import { isConnectionLoss, withReconnect } from '../connection-loss';
import { AppendStatements } from './append-statements';
import { PendingAppend, settle } from './pending-append';

const UNIQUE_VIOLATION = '23505';

/** Stores batches and settles each append by what the database says about it; one append's failure is its own. */
export class BatchAppender {
  constructor(
    private readonly statements: AppendStatements,
    /** How long an append whose outcome a lost connection hides is repeated with the same event ids. */
    private readonly retryTimeoutMs: number,
    private readonly log: Log,
  ) {}

  async store(batch: readonly PendingAppend[]): Promise<void> {
    try {
      const rest = isDistinct(batch) ? await this.storeDistinct(batch) : batch;
      if (rest.length > 0) await this.storeInOrder(rest);
    } catch (error) {
      this.rejectAll(batch, error);
    }
  }

  /** Gives back what has to be decided one by one: what does not fit its stream, or all when an event id exists already. */
  private async storeDistinct(batch: readonly PendingAppend[]): Promise<readonly PendingAppend[]> {
    try {
      const outcomes = await this.reconnecting(() => this.statements.appendDistinct(batch));
      return batch.filter((append, index) => {
        const outcome = outcomes[index];
        if (outcome !== undefined) settle(append, outcome);
        return outcome === undefined;
      });
    } catch (error) {
      if (isConnectionLoss(error)) throw error;
      if (!(error instanceof DatabaseError && error.code === UNIQUE_VIOLATION)) this.logRefusal(error);
      return batch;
    }
  }

  private async storeInOrder(batch: readonly PendingAppend[]): Promise<void> {
    try {
      const outcomes = await this.reconnecting(() => this.statements.appendInOrder(batch));
      batch.forEach((append, index) => {
        const outcome = outcomes[index];
        if (outcome !== undefined) settle(append, outcome);
      });
    } catch (error) {
      if (isConnectionLoss(error) || batch.length === 1) throw error;
      // The database refuses something in the batch, such as JSON nested too deeply: only that append may fail.
      this.logRefusal(error);
      for (const append of batch) await this.storeInOrder([append]).catch((cause: unknown) => this.rejectAll([append], cause));
    }
  }

  private reconnecting<T>(work: () => Promise<T>): Promise<T> {
    return withReconnect({ what: 'an append', log: this.log, timeoutMs: this.retryTimeoutMs }, work);
  }

  private logRefusal(error: unknown): void {
    this.log.warn({ code: error instanceof DatabaseError ? error.code : undefined }, 'a batch of appends is stored one by one');
  }

  private rejectAll(batch: readonly PendingAppend[], cause: unknown): void {
    const error = isConnectionLoss(cause)
      ? new EventStoreUnavailable('the event store cannot be reached; whether the append took effect is not known', { cause })
      : cause;
    for (const append of batch) append.reject(error);
  }
}

function isDistinct(batch: readonly PendingAppend[]): boolean {
  return batch.length > 1 && new Set(batch.map(({ stream }) => stream)).size === batch.length;
}
