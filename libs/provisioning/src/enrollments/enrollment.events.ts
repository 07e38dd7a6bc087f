import { z } from 'zod';
import { DomainEvent, EventCodec } from '@app/event-sourcing';
import {
  allocationPolicy,
  enrollmentKind,
  initialTwin,
  instant,
  jsonObject,
  reprovisionPolicy,
  sealedSecret,
  shape,
} from '../shared/shapes';

/**
 * One stream per entry: `individualEnrollment-{registrationId}` or `enrollmentGroup-{enrollmentGroupId}`, ids in lower case.
 * Secrets are sealed; policy absent stays null.
 */
const symmetricKeyAttestation = z.object({
  type: z.literal('symmetricKey'),
  primaryKey: sealedSecret,
  secondaryKey: sealedSecret,
});

/** Certificates are public and stored as given; which check they pass is decided at registration. */
const x509Attestation = z.object({
  type: z.literal('x509'),
  clientCertificates: z.object({ primary: z.string().nullable(), secondary: z.string().nullable() }).nullable(),
  signingCertificates: z.object({ primary: z.string().nullable(), secondary: z.string().nullable() }).nullable(),
  caReferences: z.object({ primary: z.string().nullable(), secondary: z.string().nullable() }).nullable(),
});

const tpmAttestation = z.object({ type: z.literal('tpm'), endorsementKey: z.string(), storageRootKey: z.string().nullable() });

export const attestation = z.discriminatedUnion('type', [symmetricKeyAttestation, x509Attestation, tpmAttestation]);
export type Attestation = z.infer<typeof attestation>;

/** Everything an entry says, as saved: the whole of it in every event, so that each revision can be read on its own. */
export const enrollmentEntry = z.object({
  kind: enrollmentKind,
  /** As first written; compared without case. */
  id: z.string(),
  /** Individual only: the id at the hub when it is not the registration id. */
  deviceId: z.string().nullable(),
  attestation,
  capabilities: z.object({ iotEdge: z.boolean() }),
  iotHubHostName: z.string().nullable(),
  initialTwin: initialTwin.nullable(),
  provisioningStatus: z.enum(['enabled', 'disabled']),
  reprovisionPolicy: reprovisionPolicy.nullable(),
  allocationPolicy: allocationPolicy.nullable(),
  iotHubs: z.array(z.string()).nullable(),
  customAllocationDefinition: z
    .object({
      /** With `****` for the values of its query. */
      webhookUrl: z.string(),
      apiVersion: z.string(),
      /** The query of the address, sealed, because that is where its keys are. Null: the address has none, or is from before this was kept apart. */
      webhookQuery: sealedSecret.nullable().default(null),
    })
    .nullable(),
  optionalDeviceInformation: jsonObject.nullable(),
});
export type EnrollmentEntry = z.infer<typeof enrollmentEntry>;

const enrollmentCreated = z.object({ entry: enrollmentEntry, at: instant });
const enrollmentUpdated = z.object({ entry: enrollmentEntry, at: instant });
const enrollmentPolicyUpdated = z.object({ reprovisionPolicy: reprovisionPolicy.nullable(), at: instant });
/** One of the two symmetric keys was replaced by a new one; the other still holds, so that devices can change over. */
const enrollmentKeyRegenerated = z.object({ key: z.enum(['primary', 'secondary']), secret: sealedSecret, at: instant });
const enrollmentDisabled = z.object({ at: instant });
const enrollmentEnabled = z.object({ at: instant });
const enrollmentDeleted = z.object({ at: instant });

export type EnrollmentEvent =
  | DomainEvent<'EnrollmentCreated', z.infer<typeof enrollmentCreated>>
  | DomainEvent<'EnrollmentUpdated', z.infer<typeof enrollmentUpdated>>
  | DomainEvent<'EnrollmentPolicyUpdated', z.infer<typeof enrollmentPolicyUpdated>>
  | DomainEvent<'EnrollmentKeyRegenerated', z.infer<typeof enrollmentKeyRegenerated>>
  | DomainEvent<'EnrollmentDisabled', z.infer<typeof enrollmentDisabled>>
  | DomainEvent<'EnrollmentEnabled', z.infer<typeof enrollmentEnabled>>
  | DomainEvent<'EnrollmentDeleted', z.infer<typeof enrollmentDeleted>>;

export const enrollmentShapes = {
  EnrollmentCreated: shape(enrollmentCreated),
  EnrollmentUpdated: shape(enrollmentUpdated),
  EnrollmentPolicyUpdated: shape(enrollmentPolicyUpdated),
  EnrollmentKeyRegenerated: shape(enrollmentKeyRegenerated),
  EnrollmentDisabled: shape(enrollmentDisabled),
  EnrollmentEnabled: shape(enrollmentEnabled),
  EnrollmentDeleted: shape(enrollmentDeleted),
};
export const enrollmentCodec = new EventCodec<EnrollmentEvent>(enrollmentShapes);

export const individualEnrollmentStream = (registrationId: string): string =>
  `individualEnrollment-${registrationId.toLowerCase()}`;
export const enrollmentGroupStream = (enrollmentGroupId: string): string => `enrollmentGroup-${enrollmentGroupId.toLowerCase()}`;
