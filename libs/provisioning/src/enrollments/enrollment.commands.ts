import { Command } from '@nestjs/cqrs';
import { Position } from '@app/event-sourcing';
import { RequestContext } from '../shared/request-context';
import { EnrollmentKind, ReprovisionPolicy } from '../shared/shapes';
import { RequestedAttestation } from './attestation.rules';
import { EnrollmentState, PresentEnrollment } from './enrollment.decider';
import { EnrollmentEntry } from './enrollment.events';

/** Which entry; the id is compared without case. */
export interface EnrollmentTarget {
  readonly kind: EnrollmentKind;
  readonly id: string;
}

/** Symmetric keys in base64 and in clear, as the administrator sent them; null for what was left out. Lives in memory only. */
export interface DraftSymmetricKeys {
  readonly type: 'symmetricKey';
  readonly primaryKey: string | null;
  readonly secondaryKey: string | null;
}

/** An entry as an administrator asks for it, checked for form. */
export interface EnrollmentDraft extends Omit<EnrollmentEntry, 'attestation' | 'customAllocationDefinition'> {
  /** The address in clear, or masked as a GET gives it, which stands for the stored one. */
  readonly customAllocationDefinition: { readonly webhookUrl: string; readonly apiVersion: string } | null;
  readonly attestation: DraftSymmetricKeys | Exclude<RequestedAttestation, { type: 'symmetricKey' }>;
}

export interface EnrollmentOutcome<State extends EnrollmentState = PresentEnrollment> {
  readonly state: State;
  /** Position of what this command wrote; undefined when it had been done before. */
  readonly position: Position | undefined;
}

/**
 * Dispatched by the CommandBus. `ifMatch` is the header as sent. Errors: `Rejected` with an `EnrollmentRejection`, `DpsError` for
 * the limit on groups, the store's own.
 */
export class CreateEnrollment extends Command<EnrollmentOutcome> {
  constructor(
    readonly draft: EnrollmentDraft,
    readonly context: RequestContext,
  ) {
    super();
  }
}

export class UpdateEnrollment extends Command<EnrollmentOutcome> {
  constructor(
    readonly draft: EnrollmentDraft,
    readonly ifMatch: string | undefined,
    readonly context: RequestContext,
  ) {
    super();
  }
}

/** Creates what is not there and updates what is; with `ifMatch` it only updates. */
export class PutEnrollment extends Command<EnrollmentOutcome> {
  constructor(
    readonly draft: EnrollmentDraft,
    readonly ifMatch: string | undefined,
    readonly context: RequestContext,
  ) {
    super();
  }
}

export class UpdateEnrollmentPolicy extends Command<EnrollmentOutcome> {
  constructor(
    readonly target: EnrollmentTarget,
    /** null takes the policy away. */
    readonly reprovisionPolicy: ReprovisionPolicy | null,
    readonly ifMatch: string | undefined,
    readonly context: RequestContext,
  ) {
    super();
  }
}

export interface RegeneratedKey extends EnrollmentOutcome {
  /** The new key in base64, in clear, to be told once. */
  readonly newKey: string;
}

/** Replaces one of the two symmetric keys by a new one. The hub gets it at the next registration of each device. */
export class RegenerateKey extends Command<RegeneratedKey> {
  constructor(
    readonly target: EnrollmentTarget,
    readonly key: 'primary' | 'secondary',
    readonly ifMatch: string | undefined,
    readonly context: RequestContext,
  ) {
    super();
  }
}

export class DisableEnrollment extends Command<EnrollmentOutcome> {
  constructor(
    readonly target: EnrollmentTarget,
    readonly ifMatch: string | undefined,
    readonly context: RequestContext,
  ) {
    super();
  }
}

export class EnableEnrollment extends Command<EnrollmentOutcome> {
  constructor(
    readonly target: EnrollmentTarget,
    readonly ifMatch: string | undefined,
    readonly context: RequestContext,
  ) {
    super();
  }
}

export class DeleteEnrollment extends Command<EnrollmentOutcome<EnrollmentState>> {
  constructor(
    readonly target: EnrollmentTarget,
    readonly ifMatch: string | undefined,
    readonly context: RequestContext,
  ) {
    super();
  }
}
