import { SignedRoot, Verdict } from '@app/integrity';

export const logNames = ['provisioning', 'hubs'] as const;
export type LogName = (typeof logNames)[number];

export interface VerifyRequest {
  readonly log: LogName;
  /** Positions; the whole log where they are left out. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface VerifyProgress {
  readonly events: number;
  /** Of what is to be looked at, 0 to 1; null where positions of the store are not numbers. */
  readonly fraction: number | null;
}

/** The chained logs of this installation, and the signed roots that are kept apart from them. */
export interface AuditTrail {
  /** Logs that this process can read. */
  readonly logs: readonly LogName[];
  /** PEM. */
  readonly publicKey: string;
  readonly keyId: string;
  /** Roots after this number, in order, at most `countMax`. */
  roots(log: LogName, after: number, countMax: number): Promise<readonly SignedRoot[]>;
  /** Errors: `RangeError` for what is no position of the log, the signal's reason, `EventStoreUnavailable`. */
  verify(request: VerifyRequest, onProgress: (progress: VerifyProgress) => void, signal: AbortSignal): Promise<Verdict>;
}

/** Injection token of the `AuditTrail`. */
export const AUDIT_TRAIL = Symbol('AUDIT_TRAIL');
