export { hubRights, type HubPolicy, type HubRight } from './access/hub-access';
export { deviceShapes, type DeviceEvent } from './devices/device.events';
export type { HubSettings } from './hub';
export type { MqttConnection, MqttRefusal } from './mqtt/mqtt-connection';
export * from './reference-hub';
export type { SecretBox as HubSecretBox } from './secret-box.port';
