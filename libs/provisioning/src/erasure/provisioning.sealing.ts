import { JsonValue } from '@app/event-sourcing';
import { ProtectedField, SealingPolicy } from '@app/sealing';

const section: JsonValue = { values: {}, version: 1, metadata: null };
const twin: JsonValue = { tags: {}, desired: section, reported: section };
const initialTwin: JsonValue = { tags: {}, desired: {} };
const replaced: JsonValue = { twin, modules: null };

const entryFields: readonly ProtectedField[] = [
  { path: 'entry.initialTwin', erased: null },
  { path: 'entry.optionalDeviceInformation', erased: null },
];

/** What devices and those who have them have put into events; everything else is the service's own account of what it did. */
const fields: Readonly<Record<string, readonly ProtectedField[]>> = {
  AssignmentStarted: [
    { path: 'initialTwin', erased: initialTwin },
    { path: 'payload', erased: null },
    { path: 'returnedPayload', erased: null },
  ],
  DeviceStatusRecorded: [{ path: 'statusReason', erased: null }],
  TwinMigrated: [
    { path: 'twin', erased: twin },
    { path: 'modules', erased: null },
    { path: 'replaced', erased: replaced },
  ],
  TwinReset: [
    { path: 'initialTwin', erased: initialTwin },
    { path: 'replaced', erased: replaced },
  ],
  EnrollmentCreated: entryFields,
  EnrollmentUpdated: entryFields,
};
const none: readonly ProtectedField[] = [];

const OF_DEVICES = /^(?:registration|individualEnrollment)-(.+)$/;

/** Whose data a device's is: its registration id in lower case. */
export const deviceSubject = (registrationId: string): string => `registration:${registrationId.toLowerCase()}`;

/** The log of the provisioning service. A group's entry is for many devices and nobody's; its copy in a registration is the device's. */
export const provisioningSealing: SealingPolicy = {
  subjectOf: (stream) => {
    const registrationId = OF_DEVICES.exec(stream)?.[1];
    return registrationId === undefined ? undefined : deviceSubject(registrationId);
  },
  fieldsOf: (type) => fields[type] ?? none,
};
