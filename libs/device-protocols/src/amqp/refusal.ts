/** Why the service ends an AMQP connection; a word of a fixed set, because it also names a counter. */
export type AmqpRefusalReason =
  | 'handshake-timeout'
  | 'idle'
  | 'malformed'
  | 'protocol-header'
  | 'frame-too-large'
  | 'message-too-large'
  | 'flood'
  | 'too-many-links'
  | 'too-many-pending'
  | 'limits-too-small'
  | 'mechanism'
  | 'credentials'
  | 'no-credentials'
  | 'unavailable'
  | 'slow'
  | 'failed'
  | 'too-many-connections';

/** Ends a connection; the message is for the log, the peer is told at most an AMQP error or a SASL outcome. */
export class AmqpRefusal extends Error {
  constructor(
    readonly reason: AmqpRefusalReason,
    message: string,
  ) {
    super(message);
    this.name = 'AmqpRefusal';
  }
}
