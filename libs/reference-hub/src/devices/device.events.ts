import { z } from 'zod';
import { DomainEvent, EventCodec, EventShape, JsonObject } from '@app/event-sourcing';

const instant = z.iso.datetime();
/** Twins are bounded by the decider, so depth is not walked again here. */
export const jsonObject = z.record(z.string(), z.unknown()) as unknown as z.ZodType<JsonObject>;

/** A device's key at rest; the fingerprint tells whether a key is the same without reading it. */
const sealedKey = z.object({ sealed: z.string(), fingerprint: z.string() });
export type SealedKey = z.infer<typeof sealedKey>;

export const credentials = z.discriminatedUnion('type', [
  z.object({ type: z.literal('sas'), primaryKey: sealedKey, secondaryKey: sealedKey }),
  z.object({ type: z.literal('selfSigned'), primaryThumbprint: z.string(), secondaryThumbprint: z.string() }),
  z.object({ type: z.literal('certificateAuthority') }),
  z.object({ type: z.literal('none') }),
]);
export type Credentials = z.infer<typeof credentials>;

export const status = z.enum(['enabled', 'disabled']);
export type DeviceStatus = z.infer<typeof status>;

const identity = { status, statusReason: z.string().nullable(), credentials, iotEdge: z.boolean() };

export const section = z.object({ values: jsonObject, version: z.int(), metadata: jsonObject });
export type Section = z.infer<typeof section>;

/** A module of an edge device, as it stands. */
export const deviceModule = z.object({
  moduleId: z.string(),
  generationId: z.string(),
  /** Who looks after it, such as `IotEdge`. */
  managedBy: z.string().nullable(),
  credentials,
  tags: jsonObject,
  desired: section,
  reported: section,
});
export type DeviceModule = z.infer<typeof deviceModule>;

/** Versions of both sections start at 1. */
const deviceCreated = z.object({
  deviceId: z.string(),
  generationId: z.string(),
  ...identity,
  tags: jsonObject,
  desired: jsonObject,
  at: instant,
});
/** The whole device as another hub had it; it replaces what was there, or is created. */
const deviceImported = z.object({
  deviceId: z.string(),
  generationId: z.string(),
  ...identity,
  tags: jsonObject,
  desired: section,
  reported: section,
  /** All modules that the device has from now on; null where they were not written down, which means none. */
  modules: z.array(deviceModule).nullable().default(null),
  at: instant,
});
/** The identity as it stands from now on. */
const deviceIdentityUpdated = z.object({ ...identity, at: instant });
/** JSON merge patches; null where a part was not mentioned. */
const twinPatched = z.object({ tags: jsonObject.nullable(), desired: jsonObject.nullable(), at: instant });
/** Whole parts; null where a part stays. */
const twinReplaced = z.object({ tags: jsonObject.nullable(), desired: jsonObject.nullable(), at: instant });
const reportedPropertiesPatched = z.object({ patch: jsonObject, at: instant });
const moduleIdentity = { moduleId: z.string(), managedBy: z.string().nullable(), credentials };
/** Its twin is empty, versions of both sections start at 1. */
const moduleCreated = z.object({ ...moduleIdentity, generationId: z.string(), at: instant });
const moduleIdentityUpdated = z.object({ ...moduleIdentity, at: instant });
/** JSON merge patches; null where a part was not mentioned. */
const moduleTwinPatched = z.object({
  moduleId: z.string(),
  tags: jsonObject.nullable(),
  desired: jsonObject.nullable(),
  at: instant,
});
/** Whole parts; null where a part stays. */
const moduleTwinReplaced = moduleTwinPatched;
const moduleReportedPropertiesPatched = z.object({ moduleId: z.string(), patch: jsonObject, at: instant });
const moduleDeleted = z.object({ moduleId: z.string(), at: instant });
const deviceDeleted = z.object({ generationId: z.string(), at: instant });

export type DeviceEvent =
  | DomainEvent<'DeviceCreated', z.infer<typeof deviceCreated>>
  | DomainEvent<'DeviceImported', z.infer<typeof deviceImported>>
  | DomainEvent<'DeviceIdentityUpdated', z.infer<typeof deviceIdentityUpdated>>
  | DomainEvent<'TwinPatched', z.infer<typeof twinPatched>>
  | DomainEvent<'TwinReplaced', z.infer<typeof twinReplaced>>
  | DomainEvent<'ReportedPropertiesPatched', z.infer<typeof reportedPropertiesPatched>>
  | DomainEvent<'ModuleCreated', z.infer<typeof moduleCreated>>
  | DomainEvent<'ModuleIdentityUpdated', z.infer<typeof moduleIdentityUpdated>>
  | DomainEvent<'ModuleTwinPatched', z.infer<typeof moduleTwinPatched>>
  | DomainEvent<'ModuleTwinReplaced', z.infer<typeof moduleTwinReplaced>>
  | DomainEvent<'ModuleReportedPropertiesPatched', z.infer<typeof moduleReportedPropertiesPatched>>
  | DomainEvent<'ModuleDeleted', z.infer<typeof moduleDeleted>>
  | DomainEvent<'DeviceDeleted', z.infer<typeof deviceDeleted>>;

export const deviceShapes = {
  DeviceCreated: shape(deviceCreated),
  DeviceImported: shape(deviceImported),
  DeviceIdentityUpdated: shape(deviceIdentityUpdated),
  TwinPatched: shape(twinPatched),
  TwinReplaced: shape(twinReplaced),
  ReportedPropertiesPatched: shape(reportedPropertiesPatched),
  ModuleCreated: shape(moduleCreated),
  ModuleIdentityUpdated: shape(moduleIdentityUpdated),
  ModuleTwinPatched: shape(moduleTwinPatched),
  ModuleTwinReplaced: shape(moduleTwinReplaced),
  ModuleReportedPropertiesPatched: shape(moduleReportedPropertiesPatched),
  ModuleDeleted: shape(moduleDeleted),
  DeviceDeleted: shape(deviceDeleted),
};
export const deviceCodec = new EventCodec<DeviceEvent>(deviceShapes);

/** Version 1 of a stored shape, checked by its zod schema. */
function shape<Schema extends z.ZodType>(schema: Schema): EventShape<z.infer<Schema>> & { readonly schema: Schema } {
  return { version: 1, schema, parse: (data) => schema.parse(data) };
}
