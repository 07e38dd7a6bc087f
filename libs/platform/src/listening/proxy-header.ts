import { isIP, isIPv4, isIPv6 } from 'node:net';

/**
 * What the first bytes of a connection say by the PROXY protocol, version 1 (text) or 2 (binary): not enough of them yet, no such
 * header, or whose connection it is. `address` is undefined for the proxy's own connections, such as health checks.
 */
export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly detail: string }
  | { readonly kind: 'header'; readonly lengthBytes: number; readonly address: string | undefined };

/** With its line end, as the specification has it. */
const TEXT_BYTES_MAX = 107;
/** The addresses take 36 bytes, extensions the rest; proxies send some hundred bytes of them. */
const BINARY_BYTES_MAX = 2_048;
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const BINARY_FIXED_BYTES = 16;
const TEXT_START = Buffer.from('PROXY ');
const PORT = '(?:0|[1-9]\\d{0,4})';
const TEXT = new RegExp(`^PROXY (TCP4|TCP6) (\\S+) (\\S+) (${PORT}) (${PORT})$`);
const PORT_MAX = 65_535;

const VERSION_2 = 0x2;
const COMMAND_LOCAL = 0x0;
const COMMAND_PROXY = 0x1;
/** Address family and transport in one byte; bytes of the source address, and of the whole block. */
const TCP_OVER_IPV4 = { code: 0x11, addressBytes: 4, blockBytes: 12 };
const TCP_OVER_IPV6 = { code: 0x21, addressBytes: 16, blockBytes: 36 };
const UNSPECIFIED = 0x00;

/** The most bytes that need to be there for an answer that is not `incomplete`. */
export const PROXY_HEADER_BYTES_MAX = BINARY_BYTES_MAX;

export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsLike(bytes, SIGNATURE)) return parseBinary(bytes);
  if (startsLike(bytes, TEXT_START)) return parseText(bytes);
  return malformed('no PROXY header where one must be');
}

/** Whether the bytes begin with these, as far as they are there. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
}

function parseText(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, TEXT_BYTES_MAX).indexOf('\r\n');
  if (end < 0) return bytes.length >= TEXT_BYTES_MAX ? malformed('a line that does not end') : { kind: 'incomplete' };
  const line = bytes.subarray(0, end).toString('latin1');
  const lengthBytes = end + 2;
  if (/^PROXY UNKNOWN( .*)?$/.test(line)) return { kind: 'header', lengthBytes, address: undefined };
  const [, family, source = '', destination = '', ...ports] = TEXT.exec(line) ?? [];
  const isAddress = family === 'TCP4' ? isIPv4 : isIPv6;
  const wellFormed = [source, destination].every(isAddress) && ports.every((port) => Number(port) <= PORT_MAX);
  if (family === undefined || !wellFormed || source.includes('%')) return malformed('a line that is not of version 1');
  return { kind: 'header', lengthBytes, address: source };
}

function parseBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < BINARY_FIXED_BYTES) return { kind: 'incomplete' };
  const versionAndCommand = bytes.readUInt8(12);
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== VERSION_2) return malformed('a version that is not known');
  if (command !== COMMAND_LOCAL && command !== COMMAND_PROXY) return malformed('a command that is not known');
  const lengthBytes = BINARY_FIXED_BYTES + bytes.readUInt16BE(14);
  if (lengthBytes > BINARY_BYTES_MAX) return malformed('a header that is too long');
  if (bytes.length < lengthBytes) return { kind: 'incomplete' };
  if (command === COMMAND_LOCAL) return { kind: 'header', lengthBytes, address: undefined };
  return parseAddress(bytes.readUInt8(13), bytes.subarray(BINARY_FIXED_BYTES, lengthBytes), lengthBytes);
}

function parseAddress(family: number, block: Buffer, lengthBytes: number): ProxyHeader {
  if (family === UNSPECIFIED) return { kind: 'header', lengthBytes, address: undefined };
  const form = [TCP_OVER_IPV4, TCP_OVER_IPV6].find(({ code }) => code === family);
  if (form === undefined) return malformed('a family that is not TCP over IP');
  if (block.length < form.blockBytes) return malformed('addresses that are cut short');
  const source = block.subarray(0, form.addressBytes);
  const address = form === TCP_OVER_IPV4 ? [...source].join('.') : ipv6Text(source);
  return isIP(address) === 0 ? malformed('no address') : { kind: 'header', lengthBytes, address };
}

function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, n) => bytes.readUInt16BE(2 * n).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

const malformed = (detail: string): ProxyHeader => ({ kind: 'malformed', detail });
