import { SecureContext } from 'node:tls';

/** Who a device is, what it proves it with, and whom it trusts. */
export interface Identity {
  readonly registrationId: string;
  /** base64; undefined for a device that proves itself by the certificate in its context. */
  readonly key: string | undefined;
  readonly secureContext: SecureContext;
}
