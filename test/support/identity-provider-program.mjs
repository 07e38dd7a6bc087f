// A whole OpenID Connect provider on loopback, for the tests of signing in: `node identity-provider-program.mjs <certificate> <key> <redirect uri>`.
// Anybody is let in by the name they give, with a form as people know it; `groups` below says who is what. Prints its issuer when it listens.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { URLSearchParams } from 'node:url';
import { Provider } from 'oidc-provider';

const groups = {
  mallory: ['guests'],
  otto: ['operators', 'field'],
  vera: ['operators', 'audit'],
  nina: ['operators', 'canteen'],
};
const FORM_BYTES_MAX = 4_096;
const page = `<!doctype html><html lang="en"><title>Identity provider</title><h1>Identity provider</h1>
<form method="post"><label>Name <input name="login" autofocus></label><label>Password <input name="password" type="password"></label>
<button>Continue</button></form></html>`;

async function formOf(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > FORM_BYTES_MAX) throw new Error('the form is too long');
  }
  return new URLSearchParams(text);
}

/** The person at the form, who by that lets this service know everything it asks for. */
async function interact(provider, request, response) {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
    return;
  }
  const { params } = await provider.interactionDetails(request, response);
  const accountId = (await formOf(request)).get('login');
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { login: { accountId }, consent }, { mergeWithLastSubmission: false });
}

const [certificateFile, keyFile, redirectUri] = process.argv.slice(2);
const server = createServer({ cert: readFileSync(certificateFile), key: readFileSync(keyFile) });
server.listen(0, '127.0.0.1', () => {
  const issuer = `https://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'rehome', client_secret: 'a secret of the client', redirect_uris: [redirectUri] }],
    scopes: ['openid', 'email', 'groups'],
    claims: { openid: ['sub'], email: ['email'], groups: ['groups'] },
    pkce: { required: () => true },
    cookies: { keys: ['for tests'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, groups: groups[id] ?? ['operators', 'admins'] }),
    }),
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (!request.url.startsWith('/interaction/')) return void answer(request, response);
    interact(provider, request, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  process.stdout.write(`issuer ${issuer}\n`);
});
