import { SealedSecret } from '../shared/shapes';

/** Stands for every value of a query that is not shown. */
const MASK = '****';

/** A webhook as it is stored: what its query says is sealed, because it is where such addresses carry their keys. */
export interface StoredWebhook {
  /** With `****` for the values of its query. */
  readonly webhookUrl: string;
  readonly webhookQuery: SealedSecret | null;
}

/** Why an address cannot be that of a webhook, as the end of a sentence; undefined for one that can. Never repeats it. */
export function problemOfWebhookUrl(webhookUrl: string): string | undefined {
  if (!URL.canParse(webhookUrl)) return 'must be an absolute URL';
  const { protocol, username, password, hash } = new URL(webhookUrl);
  if (protocol !== 'https:' && protocol !== 'http:') return 'must begin with https:// or http://';
  if (username !== '' || password !== '') return 'must not hold a user name or password; put a key into its query';
  return hash === '' ? undefined : 'must not have a fragment';
}

/** The address without its secrets; one that is masked already stays as it is. */
export function maskedWebhookUrl(webhookUrl: string): string {
  const { address, query } = parts(webhookUrl);
  return query === null ? webhookUrl : `${address}?${masked(query)}`;
}

/** What of the address must not be stored in clear; null where it has no query, `keep` where it is masked. */
export function secretOfWebhookUrl(webhookUrl: string): { readonly query: string } | 'keep' | null {
  const { query } = parts(webhookUrl);
  if (query === null) return null;
  return query.includes(MASK) && masked(query) === query ? 'keep' : { query };
}

/** The address to call. Webhooks stored before queries were sealed have theirs in `webhookUrl`. */
export function webhookUrlInClear(webhook: StoredWebhook, open: (secret: SealedSecret) => string): string {
  if (webhook.webhookQuery === null) return webhook.webhookUrl;
  return `${parts(webhook.webhookUrl).address}?${open(webhook.webhookQuery)}`;
}

function parts(webhookUrl: string): { address: string; query: string | null } {
  const mark = webhookUrl.indexOf('?');
  return mark < 0
    ? { address: webhookUrl, query: null }
    : { address: webhookUrl.slice(0, mark), query: webhookUrl.slice(mark + 1) };
}

/** Names stay readable; a part without a name is taken for a secret as a whole. */
function masked(query: string): string {
  return query
    .split('&')
    .map((part) => (part === '' ? '' : part.includes('=') ? `${part.slice(0, part.indexOf('='))}=${MASK}` : MASK))
    .join('&');
}
