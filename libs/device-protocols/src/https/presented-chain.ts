import type { Socket } from 'node:net';
import { DetailedPeerCertificate, TLSSocket } from 'node:tls';

/** A longer chain is no chain of a device; what follows is not looked at. */
export const CHAIN_CERTIFICATES_MAX = 16;

/** The certificates a client sent in its TLS handshake, in DER, leaf first; none for a client that sent none or without TLS. */
export function presentedChain(socket: Socket): readonly Buffer[] {
  if (!(socket instanceof TLSSocket)) return [];
  const chain: Buffer[] = [];
  let certificate = socket.getPeerCertificate(true) as Partial<DetailedPeerCertificate> | undefined;
  while (certificate?.raw !== undefined && chain.length < CHAIN_CERTIFICATES_MAX) {
    chain.push(certificate.raw);
    const issuer: Partial<DetailedPeerCertificate> | undefined = certificate.issuerCertificate;
    // A self-signed certificate is its own issuer.
    if (issuer?.raw === undefined || issuer.raw.equals(certificate.raw)) break;
    certificate = issuer;
  }
  return chain;
}
