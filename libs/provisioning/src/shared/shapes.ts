import { z } from 'zod';
import { EventShape, JsonObject } from '@app/event-sourcing';

/** An instant as events carry it: ISO 8601, UTC, with `Z`. */
export const instant = z.iso.datetime();

/** Any JSON object; twins and payloads are bounded at the edge, so depth is not walked again here. */
export const jsonObject = z.record(z.string(), z.unknown()) as unknown as z.ZodType<JsonObject>;

/**
 * A secret at rest: AES-256-GCM text and a keyed fingerprint of the plain text. The fingerprint lets a decider see that a secret
 * is unchanged without being able to read it.
 */
export const sealedSecret = z.object({ sealed: z.string(), fingerprint: z.string() });
export type SealedSecret = z.infer<typeof sealedSecret>;

/** The two halves of what a device's policy says; absent (null) is kept absent, because legacy devices depend on it. */
export const reprovisionPolicy = z.object({ updateHubAssignment: z.boolean(), migrateDeviceData: z.boolean() });
export type ReprovisionPolicy = z.infer<typeof reprovisionPolicy>;

export const allocationPolicy = z.enum(['hashed', 'geoLatency', 'static', 'custom']);
export type AllocationPolicy = z.infer<typeof allocationPolicy>;

/** What a device starts from: tags and desired properties. */
export const initialTwin = z.object({ tags: jsonObject, desired: jsonObject });
export type InitialTwin = z.infer<typeof initialTwin>;

export const enrollmentKind = z.enum(['individual', 'group']);
export type EnrollmentKind = z.infer<typeof enrollmentKind>;

/**
 * What a certificate says of itself, X509CertificateInfo of the wire contract, §1.4. Thumbprints and serial number are upper-case
 * hexadecimal.
 */
export const certificateInfo = z.object({
  subjectName: z.string(),
  sha1Thumbprint: z.string(),
  sha256Thumbprint: z.string(),
  issuerName: z.string(),
  notBeforeUtc: instant,
  notAfterUtc: instant,
  serialNumber: z.string(),
  version: z.int(),
});
export type CertificateInfo = z.infer<typeof certificateInfo>;

/** Version 1 of a stored shape, checked by its zod schema. */
export function shape<Schema extends z.ZodType>(schema: Schema): EventShape<z.infer<Schema>> & { readonly schema: Schema } {
  return { version: 1, schema, parse: (data) => schema.parse(data) };
}
