import { z } from 'zod';
import { DomainEvent, EventCodec } from '@app/event-sourcing';
import { certificateInfo, instant, shape } from '../shared/shapes';

/**
 * The CA certificates of this instance are one consistency boundary (at most 25, no name twice) and so one stream. A certificate is
 * known by its name, compared without case.
 */
export const caCertificatesStream = 'caCertificates';

const caCertificateUploaded = z.object({
  /** As first written. */
  name: z.string(),
  /** DER in base64; certificates are public. */
  certificate: z.string(),
  info: certificateInfo,
  /** True when the operator vouched for it on upload. */
  isVerified: z.boolean(),
  at: instant,
});
/** The code is no secret: it only has to be new, so that signing it proves that the key is at hand now. */
const verificationCodeGenerated = z.object({ name: z.string(), code: z.string(), at: instant });
const caCertificateVerified = z.object({
  name: z.string(),
  /** By the certificate that proved possession of the key, or by the operator's word. */
  by: z.enum(['proof', 'operator']),
  /** SHA-256 of the proof, upper-case hexadecimal. */
  proofThumbprint: z.string().nullable(),
  at: instant,
});
const caCertificateDeleted = z.object({ name: z.string(), at: instant });

export type CaCertificateEvent =
  | DomainEvent<'CaCertificateUploaded', z.infer<typeof caCertificateUploaded>>
  | DomainEvent<'VerificationCodeGenerated', z.infer<typeof verificationCodeGenerated>>
  | DomainEvent<'CaCertificateVerified', z.infer<typeof caCertificateVerified>>
  | DomainEvent<'CaCertificateDeleted', z.infer<typeof caCertificateDeleted>>;

export const caCertificateShapes = {
  CaCertificateUploaded: shape(caCertificateUploaded),
  VerificationCodeGenerated: shape(verificationCodeGenerated),
  CaCertificateVerified: shape(caCertificateVerified),
  CaCertificateDeleted: shape(caCertificateDeleted),
};
export const caCertificateCodec = new EventCodec<CaCertificateEvent>(caCertificateShapes);
