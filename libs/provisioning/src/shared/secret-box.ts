import { SealedSecret } from './shapes';

/**
 * Keeps secrets at rest unreadable. Sealing the same text twice gives different `sealed` texts but the same `fingerprint`, so
 * that a decider can see that a secret is unchanged.
 */
export interface SecretBox {
  seal(plain: string): SealedSecret;
  /** Throws when the secret was sealed with another key or was tampered with; the message holds no part of the secret. */
  open(secret: SealedSecret): string;
  /** 32 bytes that only this instance can compute: the same for the same purpose and context, unrelated for any other. */
  deriveKey(purpose: string, ...context: readonly string[]): Buffer;
}
