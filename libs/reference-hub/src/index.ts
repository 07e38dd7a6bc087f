export { hubRights, type HubPolicy, type HubRight } from './access/hub-access';
export { deviceShapes, type DeviceEvent } from './devices/device.events';
export type { HubSettings } from './hub';
export type { MqttConnection, MqttRefusal } from './mqtt/mqtt-connection';
export * from './reference-hub';
export type { SecretBox as HubSecretBox } from './secret-box.port';
export { deviceStream } from './devices/device-id';
export { deviceAt, type PastHubDevice } from './devices/device-history';
export { twinChangesProjection } from './devices/twin-changes.projection';
