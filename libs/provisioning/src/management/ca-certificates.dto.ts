import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString, MaxLength } from 'class-validator';
import type { KnownCaCertificate } from '../certificates/ca-certificate.decider';
import { CERTIFICATE_CHARACTERS_MAX } from '../enrollments/certificates';
import type { CaCertificateExpiry } from '../read-models/ca-certificates.queries';
import { etagOf } from '../shared/etag';
import { schema } from './schemas';

const ENCODINGS = 'A certificate as PEM, base64 of PEM, or base64 of DER.';

/** Members have the names of the control plane of Azure's service. */
export class CaCertificateBody {
  @ApiProperty({ description: ENCODINGS })
  @IsString()
  @MaxLength(CERTIFICATE_CHARACTERS_MAX)
  readonly certificate!: string;

  @ApiPropertyOptional({ default: false, description: 'True: you vouch for it, no proof of possession is asked for.' })
  @IsOptional()
  @IsBoolean()
  readonly isVerified?: boolean;
}

export class VerificationBody {
  @ApiProperty({ description: `${ENCODINGS} Its common name is the verification code, and the CA certificate's key signed it.` })
  @IsString()
  @MaxLength(CERTIFICATE_CHARACTERS_MAX)
  readonly certificate!: string;
}

export interface CaCertificateAnswer {
  readonly name: string;
  readonly subject: string;
  /** When it expires. */
  readonly expiry: string;
  /** SHA-1, upper-case hexadecimal. */
  readonly thumbprint: string;
  readonly isVerified: boolean;
  /** DER in base64. */
  readonly certificate: string;
  /** Null until one is asked for, and after the verification. */
  readonly verificationCode: string | null;
  readonly created: string;
  readonly updated: string;
  readonly etag: string;
}

export const caCertificateSchema = schema.object<CaCertificateAnswer>({
  name: schema.text(),
  subject: schema.text(),
  expiry: schema.instant(),
  thumbprint: schema.text('SHA-1, upper-case hexadecimal.'),
  isVerified: schema.boolean('Only verified certificates attest devices.'),
  certificate: schema.text('DER in base64.'),
  verificationCode: schema.orNull(schema.text('Null until one is asked for, and after the verification.')),
  created: schema.instant(),
  updated: schema.instant(),
  etag: schema.text(),
});

export function caCertificateAnswer(known: KnownCaCertificate): CaCertificateAnswer {
  const { name, info, isVerified, certificate, verificationCode, createdAt, updatedAt, revision } = known;
  return {
    name,
    subject: info.subjectName,
    expiry: info.notAfterUtc,
    thumbprint: info.sha1Thumbprint,
    isVerified,
    certificate,
    verificationCode,
    created: createdAt,
    updated: updatedAt,
    etag: etagOf(revision),
  };
}

export const caCertificateExpirySchema = schema.object<CaCertificateExpiry>({
  name: schema.text(),
  subject: schema.text(),
  thumbprint: schema.text('SHA-1, upper-case hexadecimal.'),
  isVerified: schema.boolean(),
  notBefore: schema.instant(),
  notAfter: schema.instant(),
  daysLeft: schema.integer('Whole days until it expires; negative when it has.'),
});
