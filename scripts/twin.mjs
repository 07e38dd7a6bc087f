// Shows or changes the twin of a device at the hub where it is, with nothing but Node: asks the service which hub that is, then
// speaks to the hub as its back end, or as the device for what the device reports. Reads what `source data/client.env` sets, so it knows the two reference hubs.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { parseArgs } from 'node:util';

const USAGE =
  'usage: source data/client.env && node scripts/twin.mjs <device id> [--tags <json>] [--desired <json>] [--reported <json>]';
const text = { type: 'string' };
const { values, positionals } = parseArgs({ options: { tags: text, desired: text, reported: text }, allowPositionals: true });
const [deviceId] = positionals;
const { IOT_PROVISIONING_DEVICE_ENDPOINT: host, NODE_EXTRA_CA_CERTS: caFile, REHOME_HTTPS_PORT: port } = process.env;
const { REHOME_API_TOKEN: apiToken, IOTHUB_CONNECTION_STRING, IOTHUB_B_CONNECTION_STRING } = process.env;
if (deviceId === undefined || !host || !caFile || !port || !apiToken) {
  console.error(USAGE);
  process.exit(2);
}
const ca = readFileSync(caFile, 'utf8');

/** One call; a refusal ends the program. */
function call(name, method, path, headers, body) {
  return new Promise((resolve) => {
    // The hubs are behind the listener of the service, which tells them apart by name.
    const options = { host, port, ca, servername: name, method, path };
    const sent = request({ ...options, headers: { host: name, 'content-type': 'application/json', ...headers } }, (response) => {
      let received = '';
      response.setEncoding('utf8').on('data', (chunk) => (received += chunk));
      response.on('end', () => {
        if (response.statusCode < 300) return resolve(received && JSON.parse(received));
        console.error(`${name} answered ${response.statusCode}: ${received}`);
        process.exit(1);
      });
    });
    sent.on('error', (error) => {
      console.error(error.message);
      process.exit(1);
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function signed(path, key, policy) {
  const resource = encodeURIComponent(path);
  const expiry = Math.floor(Date.now() / 1000) + 3600;
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(`${resource}\n${expiry}`).digest('base64');
  const token = `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}`;
  return { authorization: policy === undefined ? token : `${token}&skn=${policy}` };
}

const id = encodeURIComponent(deviceId);
const device = await call(host, 'GET', `/api/v1/devices/${id}`, { authorization: `Bearer ${apiToken}` });
const hub = device.membership?.hub;
const hubs = [IOTHUB_CONNECTION_STRING, IOTHUB_B_CONNECTION_STRING];
const connectionString = hubs.find((candidate) => candidate?.includes(`HostName=${hub};`));
if (connectionString === undefined) {
  console.error(hub === undefined ? `${deviceId} is at no hub` : `data/client.env has no connection string of ${hub}`);
  process.exit(1);
}
const part = (name) => new RegExp(`(?:^|;)${name}=([^;]*)`).exec(connectionString)?.[1] ?? '';
const headers = signed(hub, part('SharedAccessKey'), part('SharedAccessKeyName'));
const twinPath = `/twins/${id}?api-version=2021-04-12`;
const patch = {
  ...(values.tags === undefined ? {} : { tags: JSON.parse(values.tags) }),
  ...(values.desired === undefined ? {} : { properties: { desired: JSON.parse(values.desired) } }),
};
if (Object.keys(patch).length > 0) await call(hub, 'PATCH', twinPath, { ...headers, 'if-match': '"*"' }, patch);
if (values.reported !== undefined) {
  // Only a device reports, so this is done with the device's own key.
  const identity = await call(hub, 'GET', `/devices/${id}?api-version=2021-04-12`, headers);
  const asDevice = signed(`${hub}/devices/${deviceId}`, identity.authentication.symmetricKey.primaryKey);
  const reportedPath = `/devices/${id}/properties/reported?api-version=2021-04-12`;
  await call(hub, 'PATCH', reportedPath, asDevice, JSON.parse(values.reported));
}
const { tags, properties } = await call(hub, 'GET', twinPath, headers);
const plain = (section) => Object.fromEntries(Object.entries(section).filter(([name]) => name !== '$metadata'));
console.log(JSON.stringify({ hub, tags, desired: plain(properties.desired), reported: plain(properties.reported) }, null, 2));
