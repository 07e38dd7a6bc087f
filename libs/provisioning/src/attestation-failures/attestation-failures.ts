import { Inject, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import type { ReadDatabase } from '../shared/read-database';
import { READ_DATABASE } from '../shared/tokens';
import { AttestationFailure, addAttestationFailures, trimAttestationFailures } from './attestation-failures.queries';

/** Rows kept; the ones that failed longest ago go first. About 5 MB with the longest texts. */
export const FAILURES_KEPT_MAX = 10_000;
/** Registration ids whose failures wait for the next write; what fails beyond that is only in the log. */
export const FAILURES_PENDING_MAX = 256;
/** One write in this time, however many failures there are. */
export const WRITE_INTERVAL_MS = 1_000;
/** Longest text kept of what a device presented. */
const TEXT_CHARACTERS_MAX = 256;

/** What a device did that did not prove who it is. */
export type NotedFailure = Omit<AttestationFailure, 'failures' | 'firstFailedAt' | 'lastFailedAt'> & { readonly at: Date };

/**
 * What operators are told of devices that could not prove who they are. Strangers cause these writes, so they are counted in memory
 * and written once a second at most, a bounded number of ids each time, into a bounded table. Losing some of it harms nobody: each
 * failure is in the log as well.
 */
@Injectable()
export class AttestationFailures implements OnApplicationShutdown {
  private readonly logger = new Logger('attestation failures');
  private readonly pending = new Map<string, AttestationFailure>();
  private dropped = 0;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(@Inject(READ_DATABASE) private readonly database: ReadDatabase) {}

  note({ at, ...failure }: NotedFailure): void {
    const key = failure.registrationId.toLowerCase();
    const before = this.pending.get(key);
    if (before === undefined && this.pending.size >= FAILURES_PENDING_MAX) {
      this.dropped++;
      return;
    }
    const time = at.toISOString();
    this.pending.set(key, {
      ...failure,
      registrationId: before?.registrationId ?? failure.registrationId,
      reason: bounded(failure.reason) ?? '',
      subject: bounded(failure.subject),
      keyName: bounded(failure.keyName),
      failures: (before?.failures ?? 0) + 1,
      firstFailedAt: before?.firstFailedAt ?? time,
      lastFailedAt: time,
    });
    this.timer ??= setTimeout(() => this.write(), WRITE_INTERVAL_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.timer !== undefined) this.write();
    await this.writing;
  }

  private write(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const failures = [...this.pending.values()];
    this.pending.clear();
    const { dropped } = this;
    this.dropped = 0;
    if (dropped > 0) this.logger.warn({ reason: 'more devices failed at once than are counted', dropped });
    this.writing = this.writing.then(() => this.store(failures));
  }

  private async store(failures: readonly AttestationFailure[]): Promise<void> {
    try {
      await addAttestationFailures(this.database, failures);
      await trimAttestationFailures(this.database, FAILURES_KEPT_MAX);
    } catch (error) {
      this.logger.warn({ reason: 'attestation failures could not be written', error: String(error) });
    }
  }
}

/** Controls and halves of characters have no place in a text column, and none in what an operator reads. */
function bounded(text: string | null): string | null {
  return text === null ? null : text.slice(0, TEXT_CHARACTERS_MAX).replace(/[\p{Cc}\p{Surrogate}]/gu, '?');
}
