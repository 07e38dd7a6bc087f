import { BlockList, isIP } from 'node:net';

const MAPPED = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i;

type Family = 'ipv4' | 'ipv6';

/** Networks in CIDR form (`10.0.0.0/8`, `fd00::/8`) or single addresses. */
export class Networks {
  private readonly networks: readonly { readonly text: string; readonly prefixBits: number; readonly list: BlockList }[];

  /** Error: `RangeError` that names the text which is no network. */
  constructor(texts: readonly string[]) {
    this.networks = texts.map(network).sort((a, b) => b.prefixBits - a.prefixBits);
  }

  /** The narrowest of the networks that has the address, as it was written; undefined for an address in none, or no address. */
  find(address: string): string | undefined {
    const plain = plainAddress(address);
    if (isIP(plain) === 0) return undefined;
    return this.networks.find(({ list }) => list.check(plain, familyOf(plain)))?.text;
  }

  has(address: string): boolean {
    return this.find(address) !== undefined;
  }
}

export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes('%')) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
}

/** Without a zone, and an IPv4 address where IPv6 only carries one. */
export function plainAddress(address: string): string {
  const withoutZone = address.split('%', 1)[0] ?? '';
  const [, dotted, high, low] = MAPPED.exec(withoutZone) ?? [];
  if (dotted !== undefined) return dotted;
  if (high === undefined || low === undefined) return withoutZone;
  const bits = Number.parseInt(high, 16) * 0x10000 + Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.');
}

function network(text: string): { text: string; prefixBits: number; list: BlockList } {
  if (!isNetwork(text))
    throw new RangeError(`${JSON.stringify(text.slice(0, 60))} is not an address or a network such as 10.0.0.0/8`);
  const [address = '', prefix] = text.split('/');
  const family = familyOf(address);
  const prefixBits = prefix === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefix);
  const list = new BlockList();
  list.addSubnet(address, prefixBits, family);
  return { text, prefixBits, list };
}

function familyOf(address: string): Family {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}
