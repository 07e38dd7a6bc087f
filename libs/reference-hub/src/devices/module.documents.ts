import { JsonObject } from '@app/event-sourcing';
import { NEVER } from '../connections/presence';
import { SecretOpener } from '../secret-box.port';
import { authenticationDocument, sectionDocument, thumbprints } from './device.documents';
import { Device } from './device.state';
import { entityTag } from './entity-tag';
import { Module } from './module.state';

export const moduleEtag = (module: Module): string => entityTag(module.identityChange);
export const moduleTwinEtag = (module: Module): string => entityTag(module.twinChange);

/** The identity as `GET /devices/{id}/modules/{mid}` answers it. */
export function moduleDocument({ deviceId }: Device, module: Module, secrets: SecretOpener): JsonObject {
  return {
    moduleId: module.moduleId,
    managedBy: module.managedBy,
    deviceId,
    generationId: module.generationId,
    etag: moduleEtag(module),
    connectionState: 'Disconnected',
    connectionStateUpdatedTime: NEVER,
    lastActivityTime: NEVER,
    cloudToDeviceMessageCount: 0,
    authentication: authenticationDocument(module.credentials, secrets),
  };
}

export function moduleTwinDocument({ deviceId, status }: Device, module: Module): JsonObject {
  return {
    deviceId,
    moduleId: module.moduleId,
    etag: moduleTwinEtag(module),
    deviceEtag: moduleEtag(module),
    status,
    statusUpdateTime: NEVER,
    connectionState: 'Disconnected',
    lastActivityTime: NEVER,
    cloudToDeviceMessageCount: 0,
    authenticationType: module.credentials.type,
    x509Thumbprint: thumbprints(module.credentials),
    modelId: '',
    version: module.twinVersion,
    tags: module.tags,
    properties: { desired: sectionDocument(module.desired), reported: sectionDocument(module.reported) },
  };
}
