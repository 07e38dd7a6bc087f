/**
 * Measures, from the region or network that it runs in, how long a TCP connection to each linked hub takes, and sends the figures to
 * the service, which places devices by them (docs/how-to/allocation.md).
 *
 *   REHOME_API_TOKEN=… NODE_EXTRA_CA_CERTS=ca.pem node scripts/latency-probe.mjs --service https://host:8443 --region europe
 *   … --network 10.2.0.0/16 --every 60 --port 443 --times 5
 *
 * The token needs the right ServiceConfig. Without --every it measures once; it ends with 1 when a hub could not be measured.
 */
/* global AbortSignal, fetch */
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const PAUSE_MS = 50;
const TIMES_MAX = 100;

const { values } = parseArgs({
  options: {
    service: { type: 'string' },
    region: { type: 'string' },
    network: { type: 'string' },
    port: { type: 'string', default: '443' },
    times: { type: 'string', default: '5' },
    every: { type: 'string' },
  },
});

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

const token = process.env.REHOME_API_TOKEN;
const { service, region, network } = values;
if (service === undefined || token === undefined) fail('needs --service https://host:port, and REHOME_API_TOKEN');
if ((region === undefined) === (network === undefined)) fail('needs one of --region and --network');
const times = Math.min(TIMES_MAX, Math.max(1, Number(values.times) || 1));

async function call(method, path, body) {
  const response = await fetch(new URL(`/api/v1/${path}`, service), {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}`);
  return response.status === 204 ? undefined : response.json();
}

/** Names below `localhost` are this machine (RFC 6761), which not every resolver knows. */
const addressOf = (host) => (host.endsWith('.localhost') ? '127.0.0.1' : host);

/** Milliseconds from the call to the answer of the other side's TCP, its name looked up before. */
function connectMs(host) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: addressOf(host), port: Number(values.port) });
    let startedMs = performance.now();
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
    socket.once('lookup', () => (startedMs = performance.now()));
    socket.once('error', reject);
    socket.once('connect', () => {
      resolve(performance.now() - startedMs);
      socket.destroy();
    });
  });
}

/** The least of some attempts: what is above it is the work of both ends, not the way between them. */
async function latencyMs(host) {
  const measured = [];
  for (let n = 0; n < times; n++) {
    measured.push(await connectMs(host));
    await sleep(PAUSE_MS);
  }
  return Math.round(Math.min(...measured) * 10) / 10;
}

/** Gives whether every hub was measured and told. */
async function measureAll() {
  const { items } = await call('GET', 'linked-hubs');
  let complete = true;
  for (const { name: hostName } of items) {
    try {
      const measured = await latencyMs(hostName);
      await call('POST', 'latency-measurements', { region, network, hub: hostName, latencyMs: measured });
      process.stdout.write(`${hostName} ${measured} ms\n`);
    } catch (error) {
      complete = false;
      process.stderr.write(`${hostName} could not be measured: ${error.message}\n`);
    }
  }
  return complete;
}

if (values.every === undefined) process.exit((await measureAll()) ? 0 : 1);
for (;;) {
  await measureAll().catch((error) => process.stderr.write(`${error.message}\n`));
  await sleep(Math.max(1, Number(values.every) || 60) * 1_000);
}
