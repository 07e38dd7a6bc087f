import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { CHAIN_CERTIFICATES_MAX, presentedChain } from './presented-chain';

const LEAF = 'client-cert';
const CHAIN = 'client-cert-chain';
/** A byte sequence as structured fields write it. */
const BYTES = /^:([A-Za-z0-9+/]+={0,2}):$/;
/** DER of a certificate begins with a sequence. */
const SEQUENCE = 0x30;

/** What a proxy that ended TLS said of the device behind it, by request; empty where it had no certificate. */
const forwarded = new WeakMap<IncomingMessage, readonly Buffer[]>();

/** The headers are not what RFC 9440 has; the message is for a log. */
export class MalformedForwardedChain extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MalformedForwardedChain';
  }
}

/**
 * From a proxy that is trusted with it: the certificates in the headers stand for those of the TLS handshake, which was the proxy's
 * own. Error: `MalformedForwardedChain`.
 */
export function acceptForwardedChain(request: IncomingMessage): void {
  const chain = parseForwardedChain(request.headers);
  dropForwardedChain(request);
  forwarded.set(request, chain);
}

/** From everybody else: nothing behind the edge sees the headers. */
export function dropForwardedChain(request: IncomingMessage): void {
  Reflect.deleteProperty(request.headers, LEAF);
  Reflect.deleteProperty(request.headers, CHAIN);
}

/** The certificates that a request's client presented, in DER, leaf first: in its TLS handshake, or to a trusted proxy. */
export function presentedChainOf(request: IncomingMessage): readonly Buffer[] {
  return forwarded.get(request) ?? presentedChain(request.socket);
}

/** `Client-Cert` is one certificate, `Client-Cert-Chain` a list of those above it, nearest first. Error: `MalformedForwardedChain`. */
export function parseForwardedChain(headers: IncomingHttpHeaders): readonly Buffer[] {
  const leaf = textOf(headers[LEAF]);
  const chain = textOf(headers[CHAIN]);
  if (leaf === undefined) {
    if (chain !== undefined) throw new MalformedForwardedChain('a chain without the certificate of the client');
    return [];
  }
  const items = [leaf, ...(chain === undefined ? [] : chain.split(','))];
  if (items.length > CHAIN_CERTIFICATES_MAX)
    throw new MalformedForwardedChain(`more than ${CHAIN_CERTIFICATES_MAX} certificates`);
  return items.map(certificate);
}

/** Node joins a header that came more than once, which is then no single item. */
function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}

function certificate(item: string): Buffer {
  const [, base64] = BYTES.exec(item.trim()) ?? [];
  if (base64 === undefined || base64.length % 4 !== 0) throw new MalformedForwardedChain('an item that is no byte sequence');
  const der = Buffer.from(base64, 'base64');
  if (der[0] !== SEQUENCE) throw new MalformedForwardedChain('bytes that are no certificate');
  return der;
}
