import { Command } from '@nestjs/cqrs';
import { Position } from '@app/event-sourcing';
import { RequestContext } from '../shared/request-context';
import { CaCertificatesState, KnownCaCertificate } from './ca-certificate.decider';

export interface CaCertificateOutcome {
  readonly state: CaCertificatesState;
  /** The certificate as it is now; undefined after its deletion. */
  readonly certificate: KnownCaCertificate | undefined;
  /** Position of what this command wrote; undefined when it had been done before. */
  readonly position: Position | undefined;
}

/**
 * Dispatched by the CommandBus. Certificates are texts: PEM, base64 of PEM, or base64 of DER; `ifMatch` is the header as sent.
 * Errors: `DpsError` 400004 for what is no certificate, `Rejected` with a `CaCertificateRejection`, the store's own.
 */
export class UploadCaCertificate extends Command<CaCertificateOutcome> {
  constructor(
    readonly name: string,
    readonly certificate: string,
    readonly isVerified: boolean,
    readonly ifMatch: string | undefined,
    readonly context: RequestContext,
  ) {
    super();
  }
}

export class GenerateVerificationCode extends Command<CaCertificateOutcome> {
  constructor(
    readonly name: string,
    readonly ifMatch: string | undefined,
    readonly context: RequestContext,
  ) {
    super();
  }
}

export class VerifyCaCertificate extends Command<CaCertificateOutcome> {
  constructor(
    readonly name: string,
    /** A certificate whose common name is the verification code, signed by the key of the CA certificate. */
    readonly proof: string,
    readonly ifMatch: string | undefined,
    readonly context: RequestContext,
  ) {
    super();
  }
}

export class DeleteCaCertificate extends Command<CaCertificateOutcome> {
  constructor(
    readonly name: string,
    readonly ifMatch: string | undefined,
    readonly context: RequestContext,
  ) {
    super();
  }
}
