import fc from 'fast-check';
import { parseProxyHeader, PROXY_HEADER_BYTES_MAX } from './proxy-header';

const SIGNATURE = '0d0a0d0a000d0a515549540a';

/** A header of version 2 out of its fields in hexadecimal, with the length of its block. */
function binary(versionAndCommand: string, family: string, block: string): Buffer {
  const length = (block.length / 2).toString(16).padStart(4, '0');
  return Buffer.from(`${SIGNATURE}${versionAndCommand}${family}${length}${block}`, 'hex');
}

const IPV4_BLOCK = 'c000020a' + '0a000001' + '3039' + '22b3';
const IPV6_BLOCK = '20010db8000000000000000000000007' + '00000000000000000000000000000001' + '3039' + '22b3';
const text = (line: string): Buffer => Buffer.from(`${line}\r\n`);

const good: readonly (readonly [string, Buffer, string | undefined])[] = [
  ['version 1, IPv4', text('PROXY TCP4 192.0.2.10 10.0.0.1 12345 8883'), '192.0.2.10'],
  ['version 1, IPv6', text('PROXY TCP6 2001:db8::7 ::1 12345 8883'), '2001:db8::7'],
  ['version 1, of its own', text('PROXY UNKNOWN'), undefined],
  ['version 1, of its own with addresses', text('PROXY UNKNOWN ffff::1 ffff::2 1 2'), undefined],
  ['version 2, IPv4', binary('21', '11', IPV4_BLOCK), '192.0.2.10'],
  ['version 2, IPv6', binary('21', '21', IPV6_BLOCK), '2001:db8::7'],
  ['version 2, with extensions', binary('21', '11', IPV4_BLOCK + '03000400000000'), '192.0.2.10'],
  ['version 2, of its own', binary('20', '00', ''), undefined],
  ['version 2, unspecified', binary('21', '00', ''), undefined],
];

const bad: readonly (readonly [string, Buffer])[] = [
  ['TLS', Buffer.from('16030100c8010000c40303', 'hex')],
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['a line without an end', Buffer.from(`PROXY TCP4 ${'1'.repeat(200)}`)],
  ['a name instead of an address', text('PROXY TCP4 localhost 10.0.0.1 1 2')],
  ['IPv6 as IPv4', text('PROXY TCP4 ::1 ::1 1 2')],
  ['IPv4 as IPv6', text('PROXY TCP6 10.0.0.1 10.0.0.1 1 2')],
  ['an address with a zone', text('PROXY TCP6 fe80::1%eth0 ::1 1 2')],
  ['no ports', text('PROXY TCP4 192.0.2.10 10.0.0.1')],
  ['a port that is none', text('PROXY TCP4 192.0.2.10 10.0.0.1 65536 1')],
  ['a port with a leading zero', text('PROXY TCP4 192.0.2.10 10.0.0.1 01 1')],
  ['two spaces', text('PROXY TCP4  192.0.2.10 10.0.0.1 1 2')],
  ['UDP in version 1', text('PROXY UDP4 192.0.2.10 10.0.0.1 1 2')],
  ['version 3', binary('31', '11', IPV4_BLOCK)],
  ['another command', binary('22', '11', IPV4_BLOCK)],
  ['UDP in version 2', binary('21', '12', IPV4_BLOCK)],
  ['addresses cut short', binary('21', '11', 'c000020a')],
  ['IPv4 addresses as IPv6', binary('21', '21', IPV4_BLOCK)],
  ['too many extensions', Buffer.from(`${SIGNATURE}2111ffff`, 'hex')],
];

describe('a PROXY header', () => {
  it.each(good)('is read: %s', (_what, bytes, address) => {
    const header = { kind: 'header', lengthBytes: bytes.length, address };
    expect(parseProxyHeader(bytes)).toEqual(header);
    expect(parseProxyHeader(Buffer.concat([bytes, Buffer.from('and more')]))).toEqual(header);
  });

  it.each(good)('is waited for, byte by byte: %s', (_what, bytes) => {
    for (let length = 0; length < bytes.length; length++) {
      expect(parseProxyHeader(bytes.subarray(0, length))).toEqual({ kind: 'incomplete' });
    }
  });

  it.each(bad)('is refused: %s', (_what, bytes) => {
    expect(parseProxyHeader(bytes)).toMatchObject({ kind: 'malformed' });
  });

  it('is never waited for beyond its bound, whatever comes', () => {
    const starts = [Buffer.alloc(0), Buffer.from('PROXY '), Buffer.from(SIGNATURE, 'hex')];
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 64 }), (start, rest) => {
        const filled = Buffer.alloc(PROXY_HEADER_BYTES_MAX, 1);
        Buffer.concat([start, rest]).copy(filled);
        expect(parseProxyHeader(filled).kind).not.toBe('incomplete');
      }),
    );
  });
});
