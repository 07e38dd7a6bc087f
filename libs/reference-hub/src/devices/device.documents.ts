import { JsonObject } from '@app/event-sourcing';
import { NEVER, neverConnected, Presence } from '../connections/presence';
import { SecretOpener } from '../secret-box.port';
import { Credentials, Section } from './device.events';
import { Device } from './device.state';
import { Module } from './module.state';
import { entityTag, tagOf } from './entity-tag';

const NO_THUMBPRINTS = { primaryThumbprint: null, secondaryThumbprint: null };
const NO_KEYS = { primaryKey: null, secondaryKey: null };

export const identityEtag = (device: Device): string => entityTag(device.identityChange);
export const twinEtag = (device: Device): string => entityTag(device.twinChange);

/** The identity as `GET /devices/{id}` answers it. */
export function identityDocument(device: Device, secrets: SecretOpener, presence: Presence = neverConnected): JsonObject {
  return {
    deviceId: device.deviceId,
    generationId: device.generationId,
    etag: identityEtag(device),
    connectionState: presence.connectionState,
    status: device.status,
    statusReason: device.statusReason,
    connectionStateUpdatedTime: presence.connectionStateUpdatedTime,
    statusUpdatedTime: device.statusUpdatedAt ?? NEVER,
    lastActivityTime: presence.lastActivityTime,
    cloudToDeviceMessageCount: 0,
    authentication: authenticationDocument(device.credentials, secrets),
    capabilities: { iotEdge: device.iotEdge },
  };
}

export function authenticationDocument(credentials: Credentials, secrets: SecretOpener): JsonObject {
  const { type } = credentials;
  return {
    type,
    symmetricKey: type === 'sas' ? openedKeys(credentials, secrets) : NO_KEYS,
    x509Thumbprint: thumbprints(credentials),
  };
}

type SasCredentials = Extract<Credentials, { type: 'sas' }>;

function openedKeys({ primaryKey, secondaryKey }: SasCredentials, secrets: SecretOpener): JsonObject {
  return { primaryKey: secrets.open(primaryKey), secondaryKey: secrets.open(secondaryKey) };
}

export function thumbprints(credentials: Credentials): JsonObject {
  if (credentials.type !== 'selfSigned') return NO_THUMBPRINTS;
  const { primaryThumbprint, secondaryThumbprint } = credentials;
  return { primaryThumbprint: primaryThumbprint || null, secondaryThumbprint: secondaryThumbprint || null };
}

/** The twin as the service sees it. */
export function twinDocument(device: Device, presence: Presence = neverConnected): JsonObject {
  return {
    deviceId: device.deviceId,
    etag: twinEtag(device),
    deviceEtag: identityEtag(device),
    status: device.status,
    statusReason: device.statusReason,
    statusUpdateTime: device.statusUpdatedAt ?? NEVER,
    connectionState: presence.connectionState,
    lastActivityTime: presence.lastActivityTime,
    cloudToDeviceMessageCount: 0,
    authenticationType: device.credentials.type,
    x509Thumbprint: thumbprints(device.credentials),
    modelId: '',
    version: device.twinVersion,
    tags: device.tags,
    properties: { desired: sectionDocument(device.desired), reported: sectionDocument(device.reported) },
    capabilities: { iotEdge: device.iotEdge },
  };
}

/** The twin as the device sees it: no tags, no metadata. */
export function deviceTwinDocument({ desired, reported }: Device): JsonObject {
  return {
    desired: { ...desired.values, $version: desired.version },
    reported: { ...reported.values, $version: reported.version },
  };
}

export function sectionDocument({ values, metadata, version }: Section): JsonObject {
  return { ...values, $metadata: metadata, $version: version };
}

/** Everything of the device, as a move needs it; `tag` changes whenever any of it does. */
export function wholeDeviceDocument(device: Device, secrets: SecretOpener): JsonObject {
  const { deviceId, generationId, status, statusReason, iotEdge, tags, desired, reported } = device;
  return {
    deviceId,
    generationId,
    status,
    statusReason,
    credentials: wholeCredentials(device.credentials, secrets),
    iotEdge,
    twin: { tags, desired: { ...desired }, reported: { ...reported } },
    modules: device.modules.map((module) => wholeModuleDocument(module, secrets)),
    tag: tagOf(device),
  };
}

function wholeModuleDocument(module: Module, secrets: SecretOpener): JsonObject {
  const { moduleId, generationId, managedBy, tags, desired, reported } = module;
  const credentials = wholeCredentials(module.credentials, secrets);
  return { moduleId, generationId, managedBy, credentials, twin: { tags, desired: { ...desired }, reported: { ...reported } } };
}

/** null for kinds of authentication that hold nothing a move could carry. */
function wholeCredentials(credentials: Credentials, secrets: SecretOpener): JsonObject | null {
  switch (credentials.type) {
    case 'sas':
      return { type: 'sas', ...openedKeys(credentials, secrets) };
    case 'selfSigned':
      return { ...credentials };
    case 'certificateAuthority':
    case 'none':
      return null;
  }
}
