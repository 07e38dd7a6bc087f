import { createHash } from 'node:crypto';
import { z } from 'zod';
import { JsonObject, JsonValue } from '@app/event-sourcing';
import { HubAnswer } from './hub-answer';
import { DeviceCredentials, HubDevice, HubRefused, HubTwin, IdentityPatch, TwinSection } from './hub-gateway';

/** Values are taken as the hub wrote them; only that it is an object is checked, because twins are large and calls are many. */
const jsonObject = z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
const status = z.enum(['enabled', 'disabled']);
const version = z.int().min(0);

const section = z.object({ values: jsonObject, version, metadata: jsonObject.nullable() });

const credentials = z.discriminatedUnion('type', [
  z.object({ type: z.literal('sas'), primaryKey: z.string(), secondaryKey: z.string() }),
  z.object({ type: z.literal('selfSigned'), primaryThumbprint: z.string(), secondaryThumbprint: z.string() }),
]);

const wholeTwin = z.object({ tags: jsonObject, desired: section, reported: section });
const wholeModule = z.object({
  moduleId: z.string(),
  managedBy: z.string().nullable(),
  credentials: credentials.nullable(),
  twin: wholeTwin,
});

/** The whole device of the reference hub's extension. */
const wholeDevice: z.ZodType<HubDevice> = z.object({
  deviceId: z.string(),
  generationId: z.string(),
  status,
  statusReason: z.string().nullable(),
  credentials: credentials.nullable(),
  iotEdge: z.boolean(),
  twin: wholeTwin,
  modules: z.array(wholeModule).default([]),
  tag: z.string().min(1),
});

/** A device identity of IoT Hub's registry; members not named here are kept and sent back, because a PUT replaces all. */
const identity = z.looseObject({
  deviceId: z.string(),
  generationId: z.string(),
  etag: z.string(),
  status,
  statusReason: z.string().nullish(),
  authentication: z
    .looseObject({
      type: z.string().optional(),
      symmetricKey: z.object({ primaryKey: z.string().nullish(), secondaryKey: z.string().nullish() }).nullish(),
      x509Thumbprint: z.object({ primaryThumbprint: z.string().nullish(), secondaryThumbprint: z.string().nullish() }).nullish(),
    })
    .nullish(),
  capabilities: z.looseObject({ iotEdge: z.boolean().optional() }).nullish(),
});
export type IdentityDocument = z.infer<typeof identity>;

const twinSection = z.looseObject({ $version: version, $metadata: jsonObject.optional() });
const twin = z.object({
  etag: z.string(),
  tags: jsonObject.nullish(),
  properties: z.object({ desired: twinSection, reported: twinSection }),
});
export type TwinDocument = z.infer<typeof twin>;

/** Readers of answers. Errors: `HubRefused` when the answer is no such document. */
export const readWholeDevice = (hostName: string, answer: HubAnswer): HubDevice => read(wholeDevice, hostName, answer);
export const readIdentity = (hostName: string, answer: HubAnswer): IdentityDocument => read(identity, hostName, answer);
export const readTwin = (hostName: string, answer: HubAnswer): TwinDocument => read(twin, hostName, answer);

function read<T>(schema: z.ZodType<T>, hostName: string, answer: HubAnswer): T {
  const result = schema.safeParse(answer.body);
  if (result.success) return result.data;
  const where = result.error.issues[0]?.path.join('.') ?? '';
  throw new HubRefused(hostName, answer.status, undefined, `the hub's answer is not understood (at "${where}")`);
}

/** Identity and twin as one device; its tag stands for both. */
export function deviceOf(found: IdentityDocument, foundTwin: TwinDocument): HubDevice {
  const whole: HubTwin = {
    tags: foundTwin.tags ?? {},
    desired: sectionOf(foundTwin.properties.desired),
    reported: sectionOf(foundTwin.properties.reported),
  };
  return {
    deviceId: found.deviceId,
    generationId: found.generationId,
    status: found.status,
    statusReason: found.statusReason ?? null,
    credentials: credentialsOf(found),
    iotEdge: found.capabilities?.iotEdge ?? false,
    twin: whole,
    tag: tagOf(found, whole),
  };
}

function sectionOf({ $version, $metadata, ...values }: TwinDocument['properties']['desired']): TwinSection {
  return { values: values as JsonObject, version: $version, metadata: $metadata ?? null };
}

function credentialsOf({ authentication }: IdentityDocument): DeviceCredentials | null {
  if (authentication?.type === 'selfSigned') {
    const { primaryThumbprint, secondaryThumbprint } = authentication.x509Thumbprint ?? {};
    return { type: 'selfSigned', primaryThumbprint: primaryThumbprint ?? '', secondaryThumbprint: secondaryThumbprint ?? '' };
  }
  if (authentication?.type !== 'sas') return null;
  const { primaryKey, secondaryKey } = authentication.symmetricKey ?? {};
  return { type: 'sas', primaryKey: primaryKey ?? '', secondaryKey: secondaryKey ?? '' };
}

/**
 * What changes with the device: generation, etag of the identity, section versions, and a digest of the tags, which have no version
 * of their own. The twin's etag is left out: a hub may change it together with the identity's.
 */
function tagOf({ generationId, etag }: IdentityDocument, { tags, desired, reported }: HubTwin): string {
  const digest = createHash('sha256').update(sortedJson(tags)).digest('base64url').slice(0, 16);
  return Buffer.from(JSON.stringify([generationId, etag, desired.version, reported.version, digest])).toString('base64url');
}

/** Whether a twin is still the one a tag was made of, whatever happened to the identity. */
export function twinStandsAs(tag: string, identityThen: IdentityDocument, twinNow: TwinDocument): boolean {
  return deviceOf(identityThen, twinNow).tag === tag;
}

function sortedJson(value: JsonValue): string {
  return JSON.stringify(value, (_key, inner: JsonValue) => {
    if (Array.isArray(inner) || inner === null || typeof inner !== 'object') return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** The identity document to PUT: `before` with the given members changed. */
export function identityDocument(deviceId: string, patch: IdentityPatch, before?: IdentityDocument): Record<string, unknown> {
  return {
    ...before,
    deviceId,
    ...(patch.status === undefined ? {} : { status: patch.status }),
    ...(patch.statusReason === undefined ? {} : { statusReason: patch.statusReason }),
    ...(patch.credentials === undefined ? {} : { authentication: authenticationOf(patch.credentials) }),
    ...(patch.iotEdge === undefined ? {} : { capabilities: { ...before?.capabilities, iotEdge: patch.iotEdge } }),
  };
}

function authenticationOf(given: DeviceCredentials): Record<string, unknown> {
  switch (given.type) {
    case 'sas': {
      const { primaryKey, secondaryKey } = given;
      return { type: 'sas', symmetricKey: { primaryKey, secondaryKey } };
    }
    case 'selfSigned': {
      const { primaryThumbprint, secondaryThumbprint } = given;
      return { type: 'selfSigned', x509Thumbprint: { primaryThumbprint, secondaryThumbprint } };
    }
  }
}
