import { DeviceCertificate, readDeviceCertificate } from '@app/attestation';
import { EventStore, StateReader } from '@app/event-sourcing';
import { caCertificateDecider, CaCertificatesState } from './ca-certificate.decider';
import { caCertificateCodec, CaCertificateEvent, caCertificatesStream } from './ca-certificate.events';

/** A CA certificate whose key somebody has proved to have, or an operator vouched for. */
export interface VerifiedAuthority {
  readonly name: string;
  readonly certificate: DeviceCertificate;
}

/** The CA certificates of this instance as their stream says they are now. */
export class CaCertificates {
  readonly states: StateReader<CaCertificatesState, CaCertificateEvent>;
  /** Each state is read into certificates once. */
  private readonly authorities = new WeakMap<CaCertificatesState, readonly VerifiedAuthority[]>();

  constructor(store: EventStore) {
    this.states = new StateReader(store, caCertificateDecider, caCertificateCodec, { statesMax: 1 });
  }

  async read(): Promise<CaCertificatesState> {
    const { state } = await this.states.read(caCertificatesStream);
    return state;
  }

  async verified(): Promise<readonly VerifiedAuthority[]> {
    const state = await this.read();
    const known = this.authorities.get(state) ?? verifiedIn(state);
    this.authorities.set(state, known);
    return known;
  }
}

function verifiedIn({ certificates }: CaCertificatesState): readonly VerifiedAuthority[] {
  return [...certificates.values()].flatMap(({ name, certificate: der, isVerified }) => {
    const certificate = isVerified ? readDeviceCertificate(Buffer.from(der, 'base64')) : undefined;
    return certificate === undefined ? [] : [{ name, certificate }];
  });
}
