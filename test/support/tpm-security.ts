import { createHmac } from 'node:crypto';
import { SoftwareTpm } from './software-tpm';

type Done<Value = undefined> = (error: Error | null, value?: Value) => void;

/** What the SDK asks of a TPM, answered by one in software. */
export class TpmSecurity {
  private key = Buffer.alloc(0);

  constructor(
    private readonly registrationId: string,
    private readonly tpm: SoftwareTpm,
  ) {}

  getRegistrationId = (done: Done<string>): void => done(null, this.registrationId);
  getEndorsementKey = (done: Done<Buffer>): void => done(null, Buffer.from(this.tpm.endorsementKey, 'base64'));
  getStorageRootKey = (done: Done<Buffer>): void => done(null, Buffer.from(this.tpm.storageRootKey, 'base64'));

  activateIdentityKey(blob: Buffer, done: Done): void {
    this.key = Buffer.from(this.tpm.activate(blob).key);
    done(null);
  }

  signWithIdentity(payload: Buffer, done: Done<Buffer>): void {
    done(null, createHmac('sha256', this.key).update(payload).digest());
  }
}
