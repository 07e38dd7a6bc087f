import { openAmqp } from './amqp-conversation';
import { openHttp } from './http-conversation';
import { Identity } from './identity';
import { openMqtt } from './mqtt-conversation';
import { Door } from './open-stream';
import { Assignment, Conversation, register } from './registration';
import { Turnstile } from './turnstile';

/** As in the documents of the transports; `-ws` goes over a WebSocket at the port of HTTPS. */
export const transports = ['mqtt', 'mqtt-ws', 'amqp', 'amqp-ws', 'http'] as const;
export type Transport = (typeof transports)[number];

/** Registrations under way at a time, so that a service which is slow or down is not called by all devices at once. */
const REGISTRATIONS_MAX = 256;

/** Where the service listens for devices; their hubs listen at the same ports. */
export interface Doors {
  readonly host: string;
  readonly idScope: string;
  readonly port: number;
  readonly mqttPort: number;
  readonly amqpPort: number;
}

export type Register = (device: Identity, signal: AbortSignal) => Promise<Assignment>;

/** Registers devices over a transport, each on a connection of its own. */
export function registrar(transport: Transport, doors: Doors): Register {
  const turnstile = new Turnstile(REGISTRATIONS_MAX);
  return (device, signal) =>
    turnstile.within(() => {
      signal.throwIfAborted();
      return register(() => conversation(transport, doors, device), signal);
    });
}

function conversation(transport: Transport, doors: Doors, device: Identity): Promise<Conversation> {
  const { host, port, mqttPort, amqpPort, idScope } = doors;
  const { secureContext } = device;
  switch (transport) {
    case 'http':
      return Promise.resolve(openHttp({ host, port }, idScope, device));
    case 'mqtt':
      return openMqtt({ host, port: mqttPort, secureContext, subprotocol: undefined }, idScope, device);
    case 'mqtt-ws':
      return openMqtt({ host, port, secureContext, subprotocol: 'mqtt' }, idScope, device);
    case 'amqp':
      return openAmqp({ host, port: amqpPort, secureContext, subprotocol: undefined }, idScope, device);
    case 'amqp-ws':
      return openAmqp({ host, port, secureContext, subprotocol: 'AMQPWSB10' }, idScope, device);
  }
}

/** Where a device lives. Hubs speak MQTT alone: over a WebSocket for devices that came over one, which may reach nothing else. */
export function hubDoor(transport: Transport, { port, mqttPort }: Doors, host: string, { secureContext }: Identity): Door {
  return transport.endsWith('-ws')
    ? { host, port, secureContext, subprotocol: 'mqtt' }
    : { host, port: mqttPort, secureContext, subprotocol: undefined };
}
