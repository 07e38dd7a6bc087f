/** Why the service ends an MQTT connection; a word of a fixed set, because it also names a counter. */
export type MqttRefusalReason =
  | 'connect-timeout'
  | 'idle'
  | 'not-connect-first'
  | 'packet-too-large'
  | 'malformed'
  | 'flood'
  | 'qos-2'
  | 'retain'
  | 'topic'
  | 'client-id'
  | 'user-name'
  | 'credentials'
  | 'unavailable'
  | 'too-many-connections'
  | 'too-many-pending'
  | 'slow';

/** Ends a connection; the message is for the log, the device is told at most a CONNACK code. */
export class MqttRefusal extends Error {
  constructor(
    readonly reason: MqttRefusalReason,
    message: string,
  ) {
    super(message);
    this.name = 'MqttRefusal';
  }
}
