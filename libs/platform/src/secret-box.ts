import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const FORMAT = 'v1';
export const SECRET_KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_BYTES = 6;
/** Opened secrets remembered, least recently used first out: they are needed at every registration. */
const OPENED_MAX = 4096;

/** A secret at rest. `sealed` is `v1.{id of the key}.{base64url of IV, tag and cipher text}`. */
export interface Sealed {
  readonly sealed: string;
  /** Keyed, so that it says nothing without the key; equal for equal texts. */
  readonly fingerprint: string;
}

/** The secret cannot be opened here; the message holds no part of it. */
export class SecretUnreadable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SecretUnreadable';
  }
}

/**
 * AES-256-GCM under one master key of 32 bytes. Encryption, fingerprints and derived keys use subkeys of their own, so that none
 * tells anything about the others.
 */
export class SecretBox {
  private readonly encryptionKey: Buffer;
  private readonly fingerprintKey: Buffer;
  private readonly derivationKey: Buffer;
  private readonly keyId: string;
  private readonly opened = new Map<string, string>();

  constructor(masterKey: Buffer) {
    if (masterKey.length !== SECRET_KEY_BYTES) {
      throw new RangeError(`the secret key has ${masterKey.length} bytes, not ${SECRET_KEY_BYTES}`);
    }
    this.encryptionKey = subkey(masterKey, 'secret encryption', SECRET_KEY_BYTES);
    this.fingerprintKey = subkey(masterKey, 'secret fingerprint', SECRET_KEY_BYTES);
    this.derivationKey = subkey(masterKey, 'key derivation', SECRET_KEY_BYTES);
    this.keyId = subkey(masterKey, 'key id', KEY_ID_BYTES).toString('hex');
  }

  seal(plain: string): Sealed {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.encryptionKey, iv).setAAD(this.header);
    const encrypted = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
    const body = Buffer.concat([iv, cipher.getAuthTag(), encrypted]).toString('base64url');
    return { sealed: `${FORMAT}.${this.keyId}.${body}`, fingerprint: this.fingerprint(plain) };
  }

  /** Throws `SecretUnreadable` when the secret was sealed under another key or is not what was sealed. */
  open(secret: Pick<Sealed, 'sealed'>): string {
    const known = this.opened.get(secret.sealed);
    const plain = known ?? this.decrypt(secret.sealed);
    this.remember(secret.sealed, plain);
    return plain;
  }

  /** 32 bytes: HMAC-SHA256 over the purpose and the context, of which no two lists are written alike. */
  deriveKey(purpose: string, ...context: readonly string[]): Buffer {
    return createHmac('sha256', this.derivationKey)
      .update(JSON.stringify([purpose, ...context]), 'utf8')
      .digest();
  }

  private get header(): Buffer {
    return Buffer.from(`${FORMAT}.${this.keyId}`);
  }

  private fingerprint(plain: string): string {
    return createHmac('sha256', this.fingerprintKey).update(plain, 'utf8').digest('base64url');
  }

  private decrypt(sealed: string): string {
    const [format, keyId, body = '', ...rest] = sealed.split('.');
    if (format !== FORMAT || rest.length > 0) throw new SecretUnreadable('a stored secret is not in a known format');
    if (keyId !== this.keyId) {
      throw new SecretUnreadable(`a stored secret was sealed with key ${keyId ?? ''}, but the configured key is ${this.keyId}`);
    }
    const bytes = Buffer.from(body, 'base64url');
    if (bytes.length < IV_BYTES + TAG_BYTES) throw new SecretUnreadable('a stored secret is cut short');
    try {
      const decipher = createDecipheriv(CIPHER, this.encryptionKey, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(this.header)
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch (cause) {
      throw new SecretUnreadable('a stored secret is not what was sealed', { cause });
    }
  }

  private remember(sealed: string, plain: string): void {
    this.opened.delete(sealed);
    this.opened.set(sealed, plain);
    if (this.opened.size <= OPENED_MAX) return;
    const oldest = this.opened.keys().next();
    if (oldest.done !== true) this.opened.delete(oldest.value);
  }
}

function subkey(masterKey: Buffer, purpose: string, lengthBytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, Buffer.alloc(0), `rehome ${purpose}`, lengthBytes));
}
