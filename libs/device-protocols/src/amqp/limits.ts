/** Bounds of one AMQP connection; times in milliseconds, sizes in bytes. */
export const amqpConnectionLimits = {
  /** A SAS token, names and keys of a TPM fit many times over. */
  saslFrameBytesMax: 4 * 1024,
  /** A message has a payload of at most 96 KB; the rest is its properties. */
  frameBytesMax: 128 * 1024,
  messageBytesMax: 128 * 1024,
  /** From the end of the TLS handshake to the peer's open frame. */
  handshakeTimeoutMs: 10_000,
  /** The idle-time-out of our open frame; a peer that is silent for twice as long is cut off, as the specification advises. */
  idleTimeoutMs: 60_000,
  framesPerSecondMax: 200,
  /** Over the life of a connection. */
  sessionsMax: 16,
  linksMax: 64,
  /** Requests that are not answered yet: the credit of a link. */
  requestsPendingMax: 8,
  /** Answers that the peer has given no credit for, or has not settled. */
  answersPendingMax: 64,
  /** Written and not yet taken by the peer's side of the network. */
  unreadBytesMax: 512 * 1024,
} as const;
export type AmqpConnectionLimits = { readonly [Limit in keyof typeof amqpConnectionLimits]: number };
