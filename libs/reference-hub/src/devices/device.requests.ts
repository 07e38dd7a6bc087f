import { z } from 'zod';
import { decodeSymmetricKey, generateSymmetricKey } from '@app/attestation';
import { JsonObject } from '@app/event-sourcing';
import { HubError } from '../hub-error';
import { SecretSealer } from '../secret-box.port';
import { GivenCredentials, KeyChoice } from './device.checks';
import { IdentityPatch, ImportDevice } from './device.decider';
import { DEVICE_ID_CHARACTERS_MAX, isDeviceId } from './device-id';
import { GivenModule, MODULES_MAX } from './module.decider';
import { isStorableText } from './twin-limits';

const STATUS_REASON_CHARACTERS_MAX = 128;
const MANAGED_BY_CHARACTERS_MAX = 128;
const THUMBPRINT = /^([0-9a-f]{40}|[0-9a-f]{64})$/i;
/** Members that the hub writes; a request may carry them back and they are passed over. */
const READ_ONLY_MEMBERS = ['$metadata', '$version'];

const word = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.string().transform((text, context): Words[number] => {
    const known = words.find((each) => each.toLowerCase() === text.toLowerCase());
    if (known !== undefined) return known;
    context.addIssue({ code: 'custom', message: `must be one of ${words.join(', ')}` });
    return z.NEVER;
  });

const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
);
const status = word(['enabled', 'disabled']);
const statusReason = z.string().max(STATUS_REASON_CHARACTERS_MAX).refine(isStorableText, 'must be valid Unicode').nullable();
const thumbprint = z
  .string()
  .nullish()
  .transform((text) => text ?? '')
  .refine((text) => text === '' || THUMBPRINT.test(text), 'must be 40 or 64 hexadecimal digits');
const key = z
  .string()
  .nullish()
  .transform((text) => text ?? '')
  .refine((text) => text === '' || decodeSymmetricKey(text) !== undefined, 'must be base64 of 16 to 64 bytes');

const thumbprints = z.object({ primaryThumbprint: thumbprint, secondaryThumbprint: thumbprint });
const authentication = z.object({
  type: word(['sas', 'selfSigned', 'certificateAuthority', 'none']).nullish(),
  symmetricKey: z.object({ primaryKey: key, secondaryKey: key }).nullish(),
  x509Thumbprint: thumbprints.nullish(),
});
const identity = z.object({
  deviceId: z.string().nullish(),
  status: status.nullish(),
  statusReason: statusReason.optional(),
  authentication: authentication.nullish(),
  capabilities: z.object({ iotEdge: z.boolean().nullish() }).nullish(),
});

const moduleIdentity = z.object({
  deviceId: z.string().nullish(),
  moduleId: z.string().nullish(),
  managedBy: z.string().max(MANAGED_BY_CHARACTERS_MAX).refine(isStorableText, 'must be valid Unicode').nullish(),
  authentication: authentication.nullish(),
});

const twin = z.object({
  tags: jsonObject.nullish(),
  properties: z.object({ desired: jsonObject.nullish() }).nullish(),
});

const wholeCredentials = z.discriminatedUnion('type', [
  z.object({ type: z.literal('sas'), primaryKey: key, secondaryKey: key }),
  z.object({ type: z.literal('selfSigned'), primaryThumbprint: thumbprint, secondaryThumbprint: thumbprint }),
]);
const section = z.object({ values: jsonObject, version: z.int().min(1), metadata: jsonObject.nullable() });
const wholeModule = z.object({
  moduleId: z.string().max(DEVICE_ID_CHARACTERS_MAX).refine(isDeviceId, 'must be a module id'),
  managedBy: z.string().max(MANAGED_BY_CHARACTERS_MAX).nullable(),
  /** null where the keys are not known: new ones are generated. */
  credentials: wholeCredentials.nullable(),
  twin: z.object({ tags: jsonObject, desired: section, reported: section }),
});
const wholeDevice = z.object({
  deviceId: z.string(),
  status,
  statusReason,
  credentials: wholeCredentials,
  iotEdge: z.boolean(),
  twin: z.object({ tags: jsonObject, desired: section, reported: section }),
  modules: z.array(wholeModule).max(MODULES_MAX).default([]),
});
const wholeIdentityPatch = z.object({
  status: status.optional(),
  statusReason: statusReason.optional(),
  credentials: wholeCredentials.optional(),
  iotEdge: z.boolean().optional(),
});

/** The body of `PUT /devices/{id}`. Errors: `HubError` ArgumentInvalid. */
export function parseIdentity(body: unknown, deviceId: string, secrets: SecretSealer): IdentityPatch {
  const given = parse(identity, body);
  checkSameId(given.deviceId ?? deviceId, deviceId);
  const { authentication: authenticated } = given;
  return {
    status: given.status ?? undefined,
    statusReason: given.statusReason,
    credentials: authenticated ? credentialsOf(authenticated, secrets) : undefined,
    iotEdge: given.capabilities?.iotEdge ?? undefined,
  };
}

export interface ModuleRequest {
  readonly managedBy: string | null | undefined;
  readonly credentials: GivenCredentials | undefined;
}

/** The body of `PUT /devices/{id}/modules/{mid}`. Errors: `HubError` ArgumentInvalid. */
export function parseModule(body: unknown, deviceId: string, moduleId: string, secrets: SecretSealer): ModuleRequest {
  const given = parse(moduleIdentity, body);
  checkSameId(given.deviceId ?? deviceId, deviceId);
  checkSameId(given.moduleId ?? moduleId, moduleId);
  const { authentication: authenticated } = given;
  return { managedBy: given.managedBy, credentials: authenticated ? credentialsOf(authenticated, secrets) : undefined };
}

type Authentication = z.infer<typeof authentication>;

/** Without a type, thumbprints make it a self-signed certificate, as in the cloud. */
function credentialsOf(given: Authentication, secrets: SecretSealer): GivenCredentials {
  const { primaryThumbprint = '', secondaryThumbprint = '' } = given.x509Thumbprint ?? {};
  const hasThumbprint = primaryThumbprint !== '' || secondaryThumbprint !== '';
  const type = given.type ?? (hasThumbprint ? 'selfSigned' : 'sas');
  switch (type) {
    case 'sas':
      return sasCredentials(given.symmetricKey?.primaryKey ?? '', given.symmetricKey?.secondaryKey ?? '', secrets);
    case 'selfSigned':
      return selfSigned(primaryThumbprint, secondaryThumbprint);
    case 'certificateAuthority':
    case 'none':
      return { type };
  }
}

/** Keys left empty are kept, or generated where there is none to keep. */
export function sasCredentials(primaryKey: string, secondaryKey: string, secrets: SecretSealer): GivenCredentials {
  const choice = (text: string): KeyChoice =>
    text === '' ? { generated: secrets.seal(generateSymmetricKey()) } : { given: secrets.seal(text) };
  return { type: 'sas', primaryKey: choice(primaryKey), secondaryKey: choice(secondaryKey) };
}

function selfSigned(primaryThumbprint: string, secondaryThumbprint: string): GivenCredentials {
  if (primaryThumbprint !== '' || secondaryThumbprint !== '')
    return { type: 'selfSigned', primaryThumbprint, secondaryThumbprint };
  throw new HubError('ArgumentInvalid', 'selfSigned authentication needs a thumbprint');
}

function wholeCredentialsOf(given: z.infer<typeof wholeCredentials>, secrets: SecretSealer): GivenCredentials {
  if (given.type === 'sas') return sasCredentials(given.primaryKey, given.secondaryKey, secrets);
  return selfSigned(given.primaryThumbprint, given.secondaryThumbprint);
}

export interface TwinRequest {
  readonly tags: JsonObject | null;
  readonly desired: JsonObject | null;
}

/** The body of `PATCH` and `PUT /twins/{id}`. Parts that are absent or null are null. Errors: `HubError` ArgumentInvalid. */
export function parseTwin(body: unknown): TwinRequest {
  const { tags, properties } = parse(twin, body);
  return { tags: tags ?? null, desired: properties?.desired ? withoutReadOnly(properties.desired) : null };
}

/** The body of a write of reported properties. Errors: `HubError` ArgumentInvalid. */
export function parseReported(body: unknown): JsonObject {
  return withoutReadOnly(parse(jsonObject, body));
}

function withoutReadOnly(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !READ_ONLY_MEMBERS.includes(key)));
}

export type WholeDevice = Pick<
  ImportDevice,
  'deviceId' | 'status' | 'statusReason' | 'credentials' | 'iotEdge' | 'tags' | 'desired' | 'reported' | 'modules'
>;

/** The body of `PUT /rehome/devices/{id}`. Errors: `HubError` ArgumentInvalid. */
export function parseWholeDevice(body: unknown, deviceId: string, secrets: SecretSealer, newId: () => string): WholeDevice {
  const given = parse(wholeDevice, body);
  checkSameId(given.deviceId, deviceId);
  const { status: itsStatus, statusReason: reason, iotEdge, twin: whole } = given;
  const credentials = wholeCredentialsOf(given.credentials, secrets);
  const modules = given.modules.map((module) => wholeModuleOf(module, secrets, newId()));
  return { deviceId, status: itsStatus, statusReason: reason, credentials, iotEdge, ...whole, modules };
}

function wholeModuleOf(given: z.infer<typeof wholeModule>, secrets: SecretSealer, generationId: string): GivenModule {
  const { moduleId, managedBy, twin: whole } = given;
  const credentials =
    given.credentials === null ? sasCredentials('', '', secrets) : wholeCredentialsOf(given.credentials, secrets);
  return { moduleId, generationId, managedBy, credentials, ...whole };
}

/** The body of `PATCH /rehome/devices/{id}`. Errors: `HubError` ArgumentInvalid. */
export function parseWholeIdentityPatch(body: unknown, secrets: SecretSealer): IdentityPatch {
  const { credentials, ...rest } = parse(wholeIdentityPatch, body);
  return credentials === undefined ? rest : { ...rest, credentials: wholeCredentialsOf(credentials, secrets) };
}

function checkSameId(given: string, deviceId: string): void {
  if (given !== deviceId) throw new HubError('ArgumentInvalid', 'the id in the body is not the one in the path');
}

/** Messages name the member and the rule, never the value. */
export function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue === undefined || issue.path.length === 0 ? 'the body' : issue.path.join('.');
  throw new HubError('ArgumentInvalid', `${path}: ${issue?.message ?? 'is not valid'}`);
}
