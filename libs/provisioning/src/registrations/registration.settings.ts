import { AllocationPolicy } from '../shared/shapes';

/** How this instance answers devices; from its configuration. */
export class RegistrationSettings {
  constructor(
    readonly idScope: string,
    /** How long a register call waits for its assignment before it answers `assigning`; 0 does not wait. */
    readonly registerWaitMs: number,
    readonly retryAfterS: number,
    readonly defaultAllocationPolicy: AllocationPolicy,
  ) {}
}
