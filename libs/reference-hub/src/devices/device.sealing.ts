import { JsonValue } from '@app/event-sourcing';
import { ProtectedField, SealingPolicy } from '@app/sealing';

const section: JsonValue = { values: {}, version: 1, metadata: {} };
const empty = (path: string, erased: JsonValue): ProtectedField => ({ path, erased });

/** What devices and back ends have put into twins; identities, versions of the log and times are the hub's own. */
const fields: Readonly<Record<string, readonly ProtectedField[]>> = {
  DeviceCreated: [empty('statusReason', null), empty('tags', {}), empty('desired', {})],
  DeviceIdentityUpdated: [empty('statusReason', null)],
  DeviceImported: [
    empty('statusReason', null),
    empty('tags', {}),
    empty('desired', section),
    empty('reported', section),
    empty('modules', null),
  ],
  // An empty patch, not none: each counts in the version of its section.
  TwinPatched: [empty('tags', {}), empty('desired', {})],
  TwinReplaced: [empty('tags', {}), empty('desired', {})],
  ReportedPropertiesPatched: [empty('patch', {})],
  ModuleTwinPatched: [empty('tags', {}), empty('desired', {})],
  ModuleTwinReplaced: [empty('tags', {}), empty('desired', {})],
  ModuleReportedPropertiesPatched: [empty('patch', {})],
};
const none: readonly ProtectedField[] = [];

const PREFIX = 'device-';

/** A device's data is its own at each hub: the hub does not know of the others. */
export const hubDeviceSubject = (hubName: string, deviceId: string): string => `hub:${hubName}/${deviceId}`;

/** The log of the reference hubs. */
export const hubSealing: SealingPolicy = {
  subjectOf: (stream) => (stream.startsWith(PREFIX) ? `hub:${stream.slice(PREFIX.length)}` : undefined),
  fieldsOf: (type) => fields[type] ?? none,
};
