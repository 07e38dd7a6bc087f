export * from './amqp/amqp-server';
export type { TpmChallengeRequest, TpmChallenger } from './amqp/tpm-mechanism';
export * from './device-service';
export * from './https/http-server';
export * from './https/presented-chain';
export * from './json-text';
export * from './mqtt/mqtt-application';
export * from './mqtt/mqtt-server';
export * from './mqtt/provisioning-mqtt';
