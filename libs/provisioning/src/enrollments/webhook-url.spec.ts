import fc from 'fast-check';
import { maskedWebhookUrl, problemOfWebhookUrl, secretOfWebhookUrl, webhookUrlInClear } from './webhook-url';

const URL_WITH_KEY = 'https://hook.example/api/allocate?code=very-secret&tenant=7';

describe('the address of a webhook', () => {
  test('shows the names in its query, not the values', () => {
    expect(maskedWebhookUrl(URL_WITH_KEY)).toBe('https://hook.example/api/allocate?code=****&tenant=****');
    expect(maskedWebhookUrl('https://hook.example/api?very-secret')).toBe('https://hook.example/api?****');
    expect(maskedWebhookUrl('https://hook.example/api')).toBe('https://hook.example/api');
  });

  test('is whole again with its query', () => {
    const webhookQuery = { sealed: 'code=very-secret&tenant=7', fingerprint: 'f' };
    const stored = { webhookUrl: maskedWebhookUrl(URL_WITH_KEY), webhookQuery };
    expect(webhookUrlInClear(stored, ({ sealed }) => sealed)).toBe(URL_WITH_KEY);
    expect(webhookUrlInClear({ webhookUrl: URL_WITH_KEY, webhookQuery: null }, () => '')).toBe(URL_WITH_KEY);
  });

  test('that is masked stands for the stored one', () => {
    expect(secretOfWebhookUrl(maskedWebhookUrl(URL_WITH_KEY))).toBe('keep');
    expect(secretOfWebhookUrl(URL_WITH_KEY)).toEqual({ query: 'code=very-secret&tenant=7' });
    expect(secretOfWebhookUrl('https://hook.example/api')).toBeNull();
  });

  test('is masked once and for all, and no value of its query is left', () => {
    const value = fc.stringMatching(/^[a-z0-9]{4,20}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 5 }), (pairs) => {
        const masked = maskedWebhookUrl(`https://h/?${pairs.map(([name, secret]) => `N${name}=S${secret}`).join('&')}`);
        expect(maskedWebhookUrl(masked)).toBe(masked);
        for (const [, secret] of pairs) expect(masked).not.toContain(`S${secret}`);
      }),
    );
  });

  test.each([
    ['hook.example/api', 'absolute'],
    ['ftp://hook.example/', 'https'],
    ['https://user:pass@hook.example/', 'password'],
    ['https://hook.example/#part', 'fragment'],
  ])('%s is refused', (url, word) => {
    expect(problemOfWebhookUrl(url)).toContain(word);
  });
});
