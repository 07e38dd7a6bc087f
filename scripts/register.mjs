// Registers one device by symmetric key, over HTTPS and with nothing but Node: creates its enrollment when there is none, then asks
// where it belongs until it is told. Reads what `source data/client.env` sets.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';

const POLLS_MAX = 20;
const [registrationId] = process.argv.slice(2);
const {
  IOT_PROVISIONING_DEVICE_ENDPOINT: host,
  IOT_PROVISIONING_DEVICE_IDSCOPE: idScope,
  NODE_EXTRA_CA_CERTS: caFile,
  REHOME_HTTPS_PORT: port,
  REHOME_API_TOKEN: token,
} = process.env;
if (registrationId === undefined || !host || !idScope || !caFile || !port || !token) {
  console.error('usage: source data/client.env && npm run --silent register -- <registration id>');
  process.exit(2);
}
const ca = readFileSync(caFile, 'utf8');
const service = { authorization: `Bearer ${token}` };

function call(method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const sent = request(
      { host, port, ca, method, path, headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        let received = '';
        response.setEncoding('utf8').on('data', (chunk) => (received += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, body: received && JSON.parse(received) }),
        );
      },
    );
    sent.on('error', reject).end(text);
  });
}

async function must(answer) {
  const { status, body } = await answer;
  if (status < 300) return body;
  console.error(`${status}: ${JSON.stringify(body)}`);
  process.exit(1);
}

const id = encodeURIComponent(registrationId);
const enrollment = `/enrollments/${id}?api-version=2021-10-01`;
if ((await call('GET', enrollment, service)).status === 404) {
  await must(call('PUT', enrollment, service, { registrationId, attestation: { type: 'symmetricKey' } }));
  console.log(`created the enrollment ${registrationId}`);
}
const secrets = await must(call('POST', `/enrollments/${id}/attestationmechanism?api-version=2021-10-01`, service));
const resource = encodeURIComponent(`${idScope}/registrations/${registrationId}`);
const expiry = Math.floor(Date.now() / 1000) + 3600;
const signature = createHmac('sha256', Buffer.from(secrets.symmetricKey.primaryKey, 'base64'))
  .update(`${resource}\n${expiry}`)
  .digest('base64');
const device = {
  authorization: `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=registration`,
};

const base = `/${idScope}/registrations/${id}`;
let operation = await must(call('PUT', `${base}/register?api-version=2021-06-01`, device, { registrationId }));
for (let poll = 0; operation.status === 'assigning' && poll < POLLS_MAX; poll++) {
  await new Promise((resolve) => setTimeout(resolve, 500));
  operation = await must(call('GET', `${base}/operations/${operation.operationId}?api-version=2021-06-01`, device));
}
console.log(JSON.stringify(operation.registrationState, null, 2));
process.exit(operation.status === 'assigned' ? 0 : 1);
