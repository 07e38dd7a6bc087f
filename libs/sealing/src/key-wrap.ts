import { keyIdOfBox, open, seal } from './box';

const WRAPPING_KEY_ID = 'wrap';

/** Keys at rest: sealed under a key of their own, each for its subject. */
export class KeyWrap {
  constructor(private readonly wrappingKey: Buffer) {}

  wrap(subject: string, key: Buffer): string {
    return JSON.stringify(seal(key.toString('base64'), { id: WRAPPING_KEY_ID, key: this.wrappingKey }, 'wrap', subject));
  }

  /** Throws for what was not wrapped for this subject by this key. */
  unwrap(subject: string, wrapped: string): Buffer {
    const box = JSON.parse(wrapped) as Parameters<typeof open>[0];
    if (keyIdOfBox(box) !== WRAPPING_KEY_ID) throw new Error('this is no wrapped key');
    const key = open(box, this.wrappingKey, subject);
    if (typeof key !== 'string') throw new Error('this is no wrapped key');
    return Buffer.from(key, 'base64');
  }
}
