import { AmqpRefusal } from './refusal';

/** Layers of AMQP 1.0 as a protocol header names them. */
export const layers = { amqp: 0, sasl: 3 } as const;
export type Layer = keyof typeof layers;

export const protocolHeader = (layer: Layer): Buffer =>
  Buffer.from(['A', 'M', 'Q', 'P'].map(codeOf).concat([layers[layer], 1, 0, 0]));

const codeOf = (character: string): number => character.charCodeAt(0);

/** Which layer a peer begins with. Errors: `AmqpRefusal` for other protocols and other versions. */
export function readProtocolHeader(header: Buffer): Layer {
  if (header.equals(protocolHeader('amqp'))) return 'amqp';
  if (header.equals(protocolHeader('sasl'))) return 'sasl';
  throw new AmqpRefusal('protocol-header', `the connection begins with ${header.toString('hex')}`);
}
