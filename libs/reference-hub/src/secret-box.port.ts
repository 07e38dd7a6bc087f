import { SealedKey } from './devices/device.events';

export interface SecretSealer {
  /** Encrypts a text; equal texts get equal fingerprints, which say nothing without the key. */
  seal(plain: string): SealedKey;
}

export interface SecretOpener {
  /** Throws when the secret was not sealed by this box. */
  open(secret: Pick<SealedKey, 'sealed'>): string;
}

export type SecretBox = SecretSealer & SecretOpener;
