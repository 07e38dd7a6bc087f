// What the proof with a software TPM does without a TPM: requests over HTTPS, and taking an activation blob apart.
//   wire.mjs request METHOD HOST PATH AUTHORIZATION [JSON]   prints {"status", "body"}; `-` for no authorization
//   wire.mjs field NAME.NAME                                 prints a member of the JSON on standard input
//   wire.mjs split DIRECTORY                                 base64 of a blob on standard input → files that tpm2-tools read
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';

/** What tpm2-tools put in front of a credential: magic number and version. */
const CREDENTIAL_HEADER = Buffer.from('badcc0de00000001', 'hex');
const REQUEST_TIMEOUT_MS = 15_000;

/** Plain Debian does not resolve `*.localhost`. */
function lookup(_name, options, callback) {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
}

function send(method, host, path, authorization, body) {
  const { REHOME_HTTPS_PORT: port, NODE_EXTRA_CA_CERTS: caFile } = process.env;
  const headers = { 'content-type': 'application/json', ...(authorization === '-' ? {} : { authorization }) };
  const options = { method, host, path, port, ca: readFileSync(caFile), headers, lookup, timeout: REQUEST_TIMEOUT_MS };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, body: text === '' ? null : JSON.parse(text) }));
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.on('error', reject).end(body);
  });
}

/** The six parts, each with its length in front. */
function partsOf(blob) {
  const parts = [];
  for (let offset = 0; offset < blob.length;) {
    const end = offset + 2 + blob.readUInt16BE(offset);
    parts.push(blob.subarray(offset, end));
    offset = end;
  }
  return parts;
}

function split(directory) {
  const blob = Buffer.from(readFileSync(0, 'utf8').trim(), 'base64');
  const [credential, secret, duplicate, seed, publicArea] = partsOf(blob);
  writeFileSync(join(directory, 'credential.blob'), Buffer.concat([CREDENTIAL_HEADER, credential, secret]));
  writeFileSync(join(directory, 'duplicate.priv'), duplicate);
  writeFileSync(join(directory, 'duplicate.seed'), seed);
  writeFileSync(join(directory, 'key.pub'), publicArea);
}

const [command, ...rest] = process.argv.slice(2);
if (command === 'request') console.log(JSON.stringify(await send(...rest)));
else if (command === 'field') {
  const value = rest[0].split('.').reduce((member, name) => member?.[name], JSON.parse(readFileSync(0, 'utf8')));
  if (value === undefined) process.exit(1);
  console.log(value);
} else if (command === 'split') split(rest[0]);
else process.exit(2);
