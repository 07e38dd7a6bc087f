import { AllocationPolicy } from '../shared/shapes';
import type { LatencyTable } from './latency-table';

/** What allocation may use beyond the enrollments; from the configuration of the instance. */
export interface AllocationSettings {
  /** Null where no latencies are configured. */
  readonly latencies: LatencyTable | null;
  /** Local networks in CIDR form in which webhooks may be. */
  readonly webhookNetworks: readonly string[];
}

/** How this instance answers devices; from its configuration. */
export class RegistrationSettings {
  constructor(
    readonly idScope: string,
    /** How long a register call waits for its assignment before it answers `assigning`; 0 does not wait. */
    readonly registerWaitMs: number,
    readonly retryAfterS: number,
    readonly defaultAllocationPolicy: AllocationPolicy,
    readonly allocation: AllocationSettings = { latencies: null, webhookNetworks: [] },
  ) {}
}
