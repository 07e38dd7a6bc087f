import { Networks } from '../shared/networks';

/** Addresses that lead into the machine or its own network, or to nobody in particular. */
const LOCAL_NETWORKS = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/127',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

/** Where webhooks may be: anywhere but at local addresses, and there only in networks that the operator allows. */
export class WebhookNetworks {
  private static readonly local = new Networks(LOCAL_NETWORKS);
  private readonly allowed: Networks;

  /** Networks in CIDR form. */
  constructor(allowed: readonly string[]) {
    this.allowed = new Networks(allowed);
  }

  permits(address: string): boolean {
    return this.allowed.has(address) || !WebhookNetworks.local.has(address);
  }
}
