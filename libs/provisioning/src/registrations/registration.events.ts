import { z } from 'zod';
import { DomainEvent, EventCodec } from '@app/event-sourcing';
import {
  allocationPolicy,
  certificateInfo,
  enrollmentKind,
  initialTwin,
  instant,
  jsonObject,
  reprovisionPolicy,
  shape,
} from '../shared/shapes';

/** One stream per device: `registration-{registrationId}`, id in lower case. */
export const registrationStream = (registrationId: string): string => `registration-${registrationId.toLowerCase()}`;

/** What is to happen at the hubs. `from` is the hub the registration named before. */
const plan = z.discriminatedUnion('action', [
  /** No record: create at `to` with the initial twin. */
  z.object({ action: z.literal('create'), to: z.string() }),
  /** Stays: make sure it exists there (re-created from the initial twin when it does not) and refresh its credentials. */
  z.object({ action: z.literal('keep'), to: z.string() }),
  /** Moves, its twin goes along; with `restores`, it gets back the twin that it had before that operation took it away from `to`. */
  z.object({ action: z.literal('migrate'), from: z.string(), to: z.string(), restores: z.string().optional() }),
  /** Starts again from the initial twin; `from` equals `to` for a reset in place, and is null when the old hub is no longer linked. */
  z.object({ action: z.literal('reset'), from: z.string().nullable(), to: z.string() }),
]);
export type AssignmentPlan = z.infer<typeof plan>;

export const effectivePolicyName = z.enum(['migrate', 'reset', 'never', 'sticky']);
export type EffectivePolicyName = z.infer<typeof effectivePolicyName>;

export const substatus = z.enum([
  'initialAssignment',
  'deviceDataMigrated',
  'deviceDataReset',
  'reprovisionedToInitialAssignment',
]);
export type Substatus = z.infer<typeof substatus>;

const candidate = z.object({ hub: z.string(), weight: z.int() });

/** A hub that the device was not sent to, and why, as the end of the sentence "the hub …". */
const excludedHub = z.object({ hub: z.string(), reason: z.string() });

const latencyGrounds = z.object({
  region: z.string(),
  /** The network that the caller's address is in; null where the default region was taken. */
  network: z.string().nullable(),
  toleranceMs: z.number(),
  /** `measured` where the value is not of the configured table. */
  hubs: z.array(z.object({ hub: z.string(), latencyMs: z.number().nullable(), measured: z.literal(true).optional() })),
});

/** What came of asking the webhook of a custom allocation; what its payload was stands beside the plan. */
const webhookGrounds = z.object({
  /** Null where no answer came. */
  status: z.int().nullable(),
  durationMs: z.int(),
  hub: z.string().nullable(),
  hadInitialTwin: z.boolean(),
  hadPayload: z.boolean(),
  /** Why the answer could not be used; null where it could. */
  failure: z.string().nullable(),
});

/** Public keys of the TPM that the device's key at its hub is for, each the base64 of a TPM2B_PUBLIC. */
const activatingTpm = z.object({ endorsementKey: z.string(), storageRootKey: z.string() });
export type ActivatingTpm = z.infer<typeof activatingTpm>;

/** The certificate a device proved to have the key of; for devices of groups, and the one stored here that its chain ended at. */
const presentedCertificate = z.object({ certificateInfo, signingCertificateInfo: certificateInfo.nullable() });
export type PresentedCertificate = z.infer<typeof presentedCertificate>;

/** `accepted`: the device answered with a status below 300; `declined`: with another one. */
export const reprovisionOutcome = z.enum(['accepted', 'declined', 'notOnline', 'timedOut', 'hubRefused', 'hubUnreachable']);
export type ReprovisionOutcome = z.infer<typeof reprovisionOutcome>;

/** Why this device goes where it goes: everything the decision looked at, for an auditor who has only the events. */
const grounds = z.object({
  apiVersion: z.string(),
  clientVersion: z.string().nullable(),
  transport: z.string(),
  attestation: z.object({
    type: z.string(),
    /** Which of the enrollment's two keys or certificates the device proved itself with. */
    key: z.enum(['primary', 'secondary']).nullable(),
    x509: presentedCertificate.nullable().default(null),
    tpm: activatingTpm.nullable().default(null),
  }),
  enrollment: z.object({ kind: enrollmentKind, id: z.string(), revision: z.string() }),
  policy: z.object({
    effective: effectivePolicyName,
    saved: reprovisionPolicy.nullable(),
    /** One sentence. */
    reason: z.string(),
  }),
  allocation: z.object({
    policy: allocationPolicy,
    policySource: z.enum(['enrollment', 'instance']),
    candidates: z.array(candidate),
    /** Hubs among the possible ones that were left out: cordoned, draining, full, not to be reached. */
    excluded: z.array(excludedHub).default([]),
    latency: latencyGrounds.nullable().default(null),
    webhook: webhookGrounds.nullable().default(null),
    chosen: z.string().nullable(),
    /** One sentence. */
    reason: z.string(),
    hubsRevision: z.string().nullable(),
    /** Where a campaign sends the device; `followed` is false where that hub could not take it. */
    destination: z.object({ campaignId: z.string(), hub: z.string(), followed: z.boolean() }).optional(),
  }),
  previousHub: z.string().nullable(),
  /** One sentence: the row of the decision table that applied. */
  reason: z.string(),
});
export type Grounds = z.infer<typeof grounds>;

/** A twin as it moved: sections without `$metadata` and `$version`, which stand beside them. */
const twinSection = z.object({ values: jsonObject, version: z.int(), metadata: jsonObject.nullable() });
const carriedModule = z.object({
  moduleId: z.string(),
  managedBy: z.string().nullable(),
  tags: jsonObject,
  desired: twinSection,
  reported: twinSection,
});
export type CarriedModule = z.infer<typeof carriedModule>;
export const carriedTwin = z.object({ tags: jsonObject, desired: twinSection, reported: twinSection });
export type CarriedTwin = z.infer<typeof carriedTwin>;
/** What the device had at its old hub, where something else was put in its place and a campaign may be undone. */
const replacedTwin = z.object({ twin: carriedTwin, modules: z.array(carriedModule).nullable() });
export type ReplacedTwin = z.infer<typeof replacedTwin>;

const assignmentStarted = z.object({
  operationId: z.string(),
  registrationId: z.string(),
  deviceId: z.string(),
  /** The id at the old hub, when the enrollment has given the device another one since. */
  previousDeviceId: z.string().nullable(),
  plan,
  /** Used by create and reset, and by keep when the hub has lost the device. */
  initialTwin,
  iotEdge: z.boolean(),
  payload: jsonObject.nullable(),
  /** What the webhook of a custom allocation returns to the device. */
  returnedPayload: jsonObject.nullable().default(null),
  grounds,
  at: instant,
});
/** Written before the fence, so that after a crash the log still knows how the device stood. */
const deviceStatusRecorded = z.object({
  operationId: z.string(),
  hub: z.string(),
  status: z.enum(['enabled', 'disabled']),
  statusReason: z.string().nullable(),
  generationId: z.string(),
  at: instant,
});
const twinMigrated = z.object({
  operationId: z.string(),
  from: z.string(),
  to: z.string(),
  twin: carriedTwin,
  /** The modules of an edge device, without their keys, which go from hub to hub; null where none were looked for. */
  modules: z.array(carriedModule).nullable().default(null),
  /** False where the new hub cannot be given reported properties and section versions; they are kept here. */
  complete: z.boolean(),
  /** The old hub's tag for exactly this twin: the old copy is deleted only while it still carries it. */
  sourceTag: z.string(),
  replaced: replacedTwin.optional(),
  at: instant,
});
const twinReset = z.object({
  operationId: z.string(),
  from: z.string().nullable(),
  to: z.string(),
  initialTwin,
  replaced: replacedTwin.optional(),
  at: instant,
});
const deviceDeregistered = z.object({ operationId: z.string(), hub: z.string(), deviceId: z.string(), at: instant });
const deviceAssigned = z.object({
  operationId: z.string(),
  hub: z.string(),
  deviceId: z.string(),
  substatus,
  generationId: z.string().nullable(),
  /** False when the hub already had the device as it should be. */
  created: z.boolean(),
  at: instant,
});
const assignmentFailed = z.object({
  operationId: z.string(),
  registrationId: z.string(),
  errorCode: z.int(),
  errorMessage: z.string(),
  /** Where the device stays; null when it never had a hub. */
  hub: z.string().nullable(),
  grounds: grounds.nullable(),
  at: instant,
});
const registrationDisabled = z.object({
  operationId: z.string(),
  registrationId: z.string(),
  enrollment: z.object({ kind: enrollmentKind, id: z.string(), revision: z.string() }),
  apiVersion: z.string(),
  at: instant,
});
/** An operator asked the device, at its hub, to register again. */
const reprovisionRequested = z.object({
  requestId: z.string(),
  hub: z.string(),
  deviceId: z.string(),
  /** Name of the direct method. */
  method: z.string(),
  outcome: reprovisionOutcome,
  /** What the device answered; null when it answered nothing. */
  methodStatus: z.int().nullable(),
  /** One sentence; null where the outcome says all. */
  detail: z.string().nullable(),
  at: instant,
});
/** A campaign sends the device to a hub: it goes there at its next registration, and stays until the destination is cleared. */
const destinationSet = z.object({
  campaignId: z.string(),
  hub: z.string(),
  /** Operation of an undone campaign: the device gets back the twin that it had before. */
  restores: z.string().optional(),
  at: instant,
});
const destinationCleared = z.object({ campaignId: z.string(), at: instant });
const registrationDeleted = z.object({ at: instant });

export type RegistrationEvent =
  | DomainEvent<'AssignmentStarted', z.infer<typeof assignmentStarted>>
  | DomainEvent<'DeviceStatusRecorded', z.infer<typeof deviceStatusRecorded>>
  | DomainEvent<'TwinMigrated', z.infer<typeof twinMigrated>>
  | DomainEvent<'TwinReset', z.infer<typeof twinReset>>
  | DomainEvent<'DeviceDeregistered', z.infer<typeof deviceDeregistered>>
  | DomainEvent<'DeviceAssigned', z.infer<typeof deviceAssigned>>
  | DomainEvent<'AssignmentFailed', z.infer<typeof assignmentFailed>>
  | DomainEvent<'RegistrationDisabled', z.infer<typeof registrationDisabled>>
  | DomainEvent<'ReprovisionRequested', z.infer<typeof reprovisionRequested>>
  | DomainEvent<'DestinationSet', z.infer<typeof destinationSet>>
  | DomainEvent<'DestinationCleared', z.infer<typeof destinationCleared>>
  | DomainEvent<'RegistrationDeleted', z.infer<typeof registrationDeleted>>;

export const registrationShapes = {
  AssignmentStarted: shape(assignmentStarted),
  DeviceStatusRecorded: shape(deviceStatusRecorded),
  TwinMigrated: shape(twinMigrated),
  TwinReset: shape(twinReset),
  DeviceDeregistered: shape(deviceDeregistered),
  DeviceAssigned: shape(deviceAssigned),
  AssignmentFailed: shape(assignmentFailed),
  RegistrationDisabled: shape(registrationDisabled),
  ReprovisionRequested: shape(reprovisionRequested),
  DestinationSet: shape(destinationSet),
  DestinationCleared: shape(destinationCleared),
  RegistrationDeleted: shape(registrationDeleted),
};
export const registrationCodec = new EventCodec<RegistrationEvent>(registrationShapes);
