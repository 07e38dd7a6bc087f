import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { acceptForwardedChain, dropForwardedChain, parseForwardedChain, presentedChainOf } from './forwarded-chain';

const der = (n: number): Buffer => Buffer.from([0x30, 1, n]);
const item = (bytes: Buffer): string => `:${bytes.toString('base64')}:`;

function request(headers: Record<string, string>): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  Object.assign(message.headers, headers);
  return message;
}

describe('certificates that a proxy forwards', () => {
  it.each([
    ['none', {}, []],
    ['the client alone', { 'client-cert': item(der(1)) }, [der(1)]],
    [
      'its chain as well',
      { 'client-cert': item(der(1)), 'client-cert-chain': `${item(der(2))}, ${item(der(3))}` },
      [der(1), der(2), der(3)],
    ],
  ])('are read: %s', (_what, headers, chain) => {
    expect(parseForwardedChain(headers)).toEqual(chain);
  });

  it.each([
    ['a chain alone', { 'client-cert-chain': item(der(1)) }, 'without the certificate'],
    ['a header that came twice', { 'client-cert': `${item(der(1))}, ${item(der(2))}` }, 'no byte sequence'],
    ['base64 without colons', { 'client-cert': der(1).toString('base64') }, 'no byte sequence'],
    ['broken base64', { 'client-cert': ':MA:' }, 'no byte sequence'],
    ['PEM', { 'client-cert': '-----BEGIN CERTIFICATE-----' }, 'no byte sequence'],
    ['other bytes', { 'client-cert': item(Buffer.from('hello!')) }, 'no certificate'],
    [
      'too many',
      {
        'client-cert': item(der(0)),
        'client-cert-chain': Array(16)
          .fill(item(der(1)))
          .join(','),
      },
      'more than 16',
    ],
  ])('are refused: %s', (_what, headers, message) => {
    expect(() => parseForwardedChain(headers)).toThrow(message);
  });

  it('stand for those of the handshake, and their headers are gone', () => {
    const accepted = request({ 'client-cert': item(der(7)), accept: '*/*' });
    acceptForwardedChain(accepted);
    expect(presentedChainOf(accepted)).toEqual([der(7)]);
    expect(accepted.headers).toEqual({ accept: '*/*' });
  });

  it('of a client that is no trusted proxy are dropped', () => {
    const dropped = request({ 'client-cert': item(der(7)), 'client-cert-chain': item(der(8)) });
    dropForwardedChain(dropped);
    expect(dropped.headers).toEqual({});
    expect(presentedChainOf(dropped)).toEqual([]);
  });
});
