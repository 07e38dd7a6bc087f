import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CommandHandler, ICommandHandler } from '@nestjs/cqrs';
import {
  checkCertificate,
  checkSignatureAlgorithm,
  DeviceCertificate,
  describe,
  hasSigned,
  readDeviceCertificate,
} from '@app/attestation';
import { handleCommand } from '@app/event-sourcing';
import type { EventStore } from '@app/event-sourcing';
import { certificateInfo, readCertificate } from '../enrollments/certificates';
import { DpsError } from '../shared/dps-error';
import { parseIfMatch } from '../shared/etag';
import { commandContext, RequestContext } from '../shared/request-context';
import { CLOCK, EVENT_STORE } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import {
  CaCertificateOutcome,
  DeleteCaCertificate,
  GenerateVerificationCode,
  UploadCaCertificate,
  VerifyCaCertificate,
} from './ca-certificate.commands';
import { CaCertificateCommand, caCertificateDecider, Proof } from './ca-certificate.decider';
import { caCertificateCodec, caCertificatesStream } from './ca-certificate.events';
import { CaCertificates } from './ca-certificates';

/** As long as the codes of the cloud service; with the limit on common names of 64 characters in mind. */
const VERIFICATION_CODE_BYTES = 24;

/** The facts of commands on CA certificates, and the way to their stream. */
@Injectable()
export class CaCertificateHandling {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly certificates: CaCertificates,
  ) {}

  now(): Date {
    return this.clock();
  }

  addressed(name: string, ifMatch: string | undefined) {
    return { name, ifMatch: parseIfMatch(ifMatch), at: this.clock().toISOString() };
  }

  async handle(command: CaCertificateCommand, request: RequestContext): Promise<CaCertificateOutcome> {
    const { store } = this;
    const { state, position } = await handleCommand(
      { store, decider: caCertificateDecider, codec: caCertificateCodec, states: this.certificates.states },
      commandContext(caCertificatesStream, request),
      command,
    );
    return { state, certificate: state.certificates.get(command.name.toLowerCase()), position };
  }
}

@CommandHandler(UploadCaCertificate)
export class UploadCaCertificateHandler implements ICommandHandler<UploadCaCertificate> {
  constructor(private readonly handling: CaCertificateHandling) {}

  async execute({ name, certificate: text, isVerified, ifMatch, context }: UploadCaCertificate): Promise<CaCertificateOutcome> {
    const certificate = certificateIn(text);
    const { isAuthority } = certificate.authority;
    const upload: CaCertificateCommand = {
      type: 'UploadCaCertificate',
      ...this.handling.addressed(name, ifMatch),
      certificate: certificate.x509.raw.toString('base64'),
      info: certificateInfo(certificate.x509),
      isAuthority: isAuthority && certificate.maySignCertificates,
      isVerified,
    };
    return this.handling.handle(upload, context);
  }
}

@CommandHandler(GenerateVerificationCode)
export class GenerateVerificationCodeHandler implements ICommandHandler<GenerateVerificationCode> {
  constructor(private readonly handling: CaCertificateHandling) {}

  async execute({ name, ifMatch, context }: GenerateVerificationCode): Promise<CaCertificateOutcome> {
    const code = randomBytes(VERIFICATION_CODE_BYTES).toString('hex').toUpperCase();
    return this.handling.handle({ type: 'GenerateVerificationCode', ...this.handling.addressed(name, ifMatch), code }, context);
  }
}

@CommandHandler(VerifyCaCertificate)
export class VerifyCaCertificateHandler implements ICommandHandler<VerifyCaCertificate> {
  constructor(
    private readonly handling: CaCertificateHandling,
    private readonly certificates: CaCertificates,
  ) {}

  async execute({ name, proof: text, ifMatch, context }: VerifyCaCertificate): Promise<CaCertificateOutcome> {
    const known = (await this.certificates.read()).certificates.get(name.toLowerCase());
    const authority = known === undefined ? undefined : readDeviceCertificate(Buffer.from(known.certificate, 'base64'));
    const proof = proofFrom(certificateIn(text), authority, this.handling.now());
    return this.handling.handle({ type: 'VerifyCaCertificate', ...this.handling.addressed(name, ifMatch), proof }, context);
  }
}

@CommandHandler(DeleteCaCertificate)
export class DeleteCaCertificateHandler implements ICommandHandler<DeleteCaCertificate> {
  constructor(private readonly handling: CaCertificateHandling) {}

  async execute({ name, ifMatch, context }: DeleteCaCertificate): Promise<CaCertificateOutcome> {
    return this.handling.handle({ type: 'DeleteCaCertificate', ...this.handling.addressed(name, ifMatch) }, context);
  }
}

function certificateIn(text: string): DeviceCertificate {
  const x509 = readCertificate(text);
  if (x509 !== undefined) {
    try {
      return describe(x509);
    } catch {
      // Parts of it make no sense: the same as no certificate.
    }
  }
  throw DpsError.badRequest('certificate must be a certificate as PEM, base64 of PEM, or base64 of DER');
}

function proofFrom(proof: DeviceCertificate, authority: DeviceCertificate | undefined, now: Date): Proof {
  const [commonName = null, ...more] = proof.commonNames;
  const isGood = checkCertificate(proof, now) === undefined && checkSignatureAlgorithm(proof) === undefined;
  const issuer = isGood && authority?.subject === proof.issuer && hasSigned(authority, proof) ? authority : undefined;
  return {
    commonName: more.length === 0 ? commonName : null,
    thumbprint: certificateInfo(proof.x509).sha256Thumbprint,
    signedBy: issuer === undefined ? null : certificateInfo(issuer.x509).sha256Thumbprint,
  };
}

export const caCertificateHandlers = [
  CaCertificateHandling,
  UploadCaCertificateHandler,
  GenerateVerificationCodeHandler,
  VerifyCaCertificateHandler,
  DeleteCaCertificateHandler,
];
