// A whole OpenID Connect provider on loopback, for the tests of signing in: `node identity-provider-program.mjs <certificate> <key> <redirect uri>`.
// Anybody is let in by the name they give; everybody but mallory is one of the operators. Prints its issuer when it listens.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { Provider } from 'oidc-provider';

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
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, groups: id === 'mallory' ? ['guests'] : ['operators', 'guests'] }),
    }),
  });
  server.on('request', provider.callback());
  process.stdout.write(`issuer ${issuer}\n`);
});
