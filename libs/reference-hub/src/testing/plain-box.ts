import { SecretBox } from '../secret-box.port';

/** Sealing that a test can see through, and that is never the plain text. */
export const testBox: SecretBox = {
  seal: (plain) => ({ sealed: Buffer.from(plain).toString('hex'), fingerprint: `print-${plain.length}-${plain.slice(0, 8)}` }),
  open: ({ sealed }) => Buffer.from(sealed, 'hex').toString(),
};
