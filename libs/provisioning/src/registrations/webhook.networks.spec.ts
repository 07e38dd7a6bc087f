import { WebhookNetworks } from './webhook.networks';

describe('where webhooks may be', () => {
  const strict = new WebhookNetworks([]);

  test.each([
    '127.0.0.1',
    '127.8.9.10',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
  ])('not at %s', (address) => {
    expect(strict.permits(address)).toBe(false);
  });

  test.each(['8.8.8.8', '172.32.0.1', '192.0.2.1', '2606:4700::1111', '::ffff:8.8.8.8'])('at %s', (address) => {
    expect(strict.permits(address)).toBe(true);
  });

  test('in a local network only when it is allowed', () => {
    const allowing = new WebhookNetworks(['10.1.0.0/16', '::1']);
    expect(['10.1.2.3', '::ffff:10.1.2.3', '::1'].map((address) => allowing.permits(address))).toEqual([true, true, true]);
    expect(['10.2.2.3', '127.0.0.1'].map((address) => allowing.permits(address))).toEqual([false, false]);
  });
});
