import { JsonObject } from '@app/event-sourcing';
import { AssignmentPlan, Grounds, effectivePolicyName, substatus } from '../registrations/registration.events';
import { deviceStatusWords } from '../read-models/device-status.queries';
import type { DeviceStatus } from '../read-models/device-status.queries';
import type { EnrollmentRow } from '../read-models/enrollments.queries';
import type { HubMembership } from '../read-models/hub-membership.queries';
import type { Operation, OperationWithGrounds } from '../read-models/operations.queries';
import type { TwinData } from '../read-models/twin-data.queries';
import { ReprovisionPolicy } from '../shared/shapes';
import { Schema, schema } from './schemas';

const { text, word, instant, integer, boolean, revision, anyObject, array, orNull, object } = schema;

/** What the routes answer, as schemas of the OpenAPI document; times are ISO 8601 UTC. */
const enrollmentRef = object<NonNullable<DeviceStatus['enrollment']>>({ kind: word('individual', 'group'), id: text() });
const error = object<NonNullable<DeviceStatus['error']>>({ code: integer(), message: text() });
const status = word(...deviceStatusWords);
const action = word('create', 'keep', 'migrate', 'reset' satisfies AssignmentPlan['action']);
const policyName = word(...effectivePolicyName.options);
const substatusName = word(...substatus.options);

export const deviceStatusSchema = object<DeviceStatus>({
  registrationId: text(),
  deviceId: orNull(text()),
  status,
  substatus: orNull(substatusName),
  assignedHub: orNull(text('While assigning: the hub that still has the device.')),
  targetHub: orNull(text('Where the device is going; only while assigning.')),
  operation: object<DeviceStatus['operation']>({
    operationId: text(),
    action: orNull(action),
    startedAt: orNull(instant()),
  }),
  enrollment: orNull(enrollmentRef),
  policy: orNull(policyName),
  reason: orNull(text('One sentence: why the device is where it is.')),
  error: orNull(error),
  createdAt: orNull(instant('When the device was first registered.')),
  updatedAt: instant(),
  revision: revision(),
});

export const membershipSchema = object<HubMembership>({
  registrationId: text(),
  deviceId: text(),
  hub: text(),
  since: orNull(instant('When the present stay began.')),
  from: orNull(text('The hub it came from; null when it was created here.')),
  operationId: orNull(text('The operation that brought it here.')),
  generationId: orNull(text()),
  confirmedAt: instant('When a registration last found the device here.'),
  revision: revision(),
});

export interface DeviceAnswer extends DeviceStatus {
  /** Null while the device is in no hub. */
  readonly membership: HubMembership | null;
  /** How long the operation under way has taken so far; null when none is. */
  readonly assigningForMs: number | null;
}

export const deviceSchema: Schema = {
  ...deviceStatusSchema,
  properties: {
    ...deviceStatusSchema.properties,
    membership: orNull(membershipSchema),
    assigningForMs: orNull(integer('How long the operation under way has taken so far.')),
  },
  required: [...(deviceStatusSchema.required ?? []), 'membership', 'assigningForMs'],
};

const twinSection = object<{ values: JsonObject; version: number; metadata: JsonObject | null }>({
  values: anyObject(),
  version: integer(),
  metadata: orNull(anyObject()),
});
const twin = object<NonNullable<TwinData['carried']>['twin']>({
  tags: anyObject(),
  desired: twinSection,
  reported: twinSection,
});

export const twinDataSchema = object<TwinData>({
  registrationId: text(),
  initial: orNull(
    object<NonNullable<TwinData['initial']>>(
      {
        twin: object<NonNullable<TwinData['initial']>['twin']>({ tags: anyObject(), desired: anyObject() }),
        enrollment: object<NonNullable<TwinData['initial']>['enrollment']>({
          kind: word('individual', 'group'),
          id: text(),
          revision: revision(),
        }),
        at: instant(),
      },
      'The initial state the service keeps: nothing a device or a back end does at a hub changes it.',
    ),
  ),
  lastKnown: orNull(
    object<NonNullable<TwinData['lastKnown']>>(
      { twin: orNull(twin), hub: text(), source: word('initialTwin', 'migrated', 'reset'), at: instant() },
      "The hub's state when the service last knew it; the live twin may have gone on since.",
    ),
  ),
  carried: orNull(
    object<NonNullable<TwinData['carried']>>(
      {
        twin,
        from: text(),
        to: text(),
        complete: boolean('False where the new hub cannot be given reported properties and versions.'),
        operationId: text(),
        at: instant(),
      },
      'What the last migration took along.',
    ),
  ),
  revision: revision(),
});

export const operationSchema = object<Operation>({
  operationId: text(),
  registrationId: text(),
  deviceId: orNull(text()),
  action: orNull(action),
  status,
  substatus: orNull(substatusName),
  fromHub: orNull(text()),
  toHub: orNull(text()),
  enrollment: orNull(enrollmentRef),
  policy: orNull(policyName),
  reason: orNull(text()),
  error: orNull(error),
  startedAt: instant(),
  endedAt: orNull(instant()),
  durationMs: orNull(integer()),
  steps: object<Operation['steps']>({
    statusRecordedAt: orNull(instant()),
    twinPlacedAt: orNull(instant()),
    deregisteredAt: orNull(instant()),
  }),
  revision: revision(),
});

export const operationWithGroundsSchema = object<OperationWithGrounds>({
  ...(operationSchema.properties as { readonly [Key in keyof Operation]-?: Schema }),
  grounds: orNull(
    object<Grounds>(
      {
        apiVersion: text(),
        clientVersion: orNull(text()),
        transport: text(),
        attestation: anyObject(),
        enrollment: anyObject(),
        policy: anyObject('Which policy held, and why.'),
        allocation: anyObject('Which hubs there were, which was chosen, and why.'),
        previousHub: orNull(text()),
        reason: text(),
      },
      'Everything the decision looked at.',
    ),
  ),
});

export const reprovisionPolicySchema = object<ReprovisionPolicy>({
  updateHubAssignment: boolean('False: the device never leaves its hub.'),
  migrateDeviceData: boolean('True: its twin goes along; false: it starts from the initial twin.'),
});

export interface EnrollmentAnswer extends EnrollmentRow {
  readonly etag: string;
}

export const enrollmentSchema = object<EnrollmentAnswer>({
  kind: word('individual', 'group'),
  id: text(),
  document: anyObject('The entry as saved, without symmetric keys.'),
  provisioningStatus: word('enabled', 'disabled'),
  reprovisionPolicy: orNull(reprovisionPolicySchema),
  createdAt: instant(),
  updatedAt: instant(),
  revision: revision(),
  etag: text('Serves as If-Match on the service API and on the policy routes.'),
});

export const listOf = (items: Schema): Schema => object<{ items: unknown }>({ items: array(items) });
