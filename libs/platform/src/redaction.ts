import { types } from 'node:util';
import { stdSerializers } from 'pino';

const REDACTED = '[redacted]';

/** Objects nested deeper than this are not logged at all, so that nothing can hide below. */
const DEPTH_MAX = 8;
const ARRAY_ITEMS_MAX = 100;
const VERDICTS_CACHED_MAX = 1000;

/** Names whose values are secrets, whatever their spelling: `primaryKey`, `x-api-key`, `connection_string`, `REHOME_API_TOKEN`, … */
const secretName =
  /(authorization|cookie|password|passwd|secret|token|credential|connectionstring|signature|passphrase|privatekey|sharedaccess|authenticationkey|(^|[^c])key|keys|databaseurl|esdburl)$/;
/** Names that only look like it. */
const harmlessName = /^(publickey|partitionkey|rowkey|routingkey|continuationtoken|keycolumn)$/;

const verdicts = new Map<string, boolean>();

function isSecretName(name: string): boolean {
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  const verdict = secretName.test(plain) && !harmlessName.test(plain);
  if (verdicts.size >= VERDICTS_CACHED_MAX) verdicts.clear();
  verdicts.set(name, verdict);
  return verdict;
}

/** A copy in which every value under a secret's name is replaced, at any depth. */
export function redacted(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_MAX) return '[too deep]';
  if (types.isNativeError(value)) return redacted({ ...stdSerializers.err(value) }, depth + 1);
  if (Array.isArray(value)) return value.slice(0, ARRAY_ITEMS_MAX).map((item) => redacted(item, depth + 1));
  if (!isPlain(value)) return shownInstance(value);
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    copy[name] = isSecretName(name) && item !== null && item !== undefined ? REDACTED : redacted(item, depth + 1);
  }
  return copy;
}

/** An object made by a literal or by JSON, of whatever realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A class's insides (a socket, a client, a buffer) never belong in a log line. */
function shownInstance(value: object): string {
  if (types.isDate(value)) return value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  return `[${value.constructor.name}]`;
}

/** Secrets inside texts: connection strings, SAS tokens, bearer tokens, passwords in URLs, private keys. */
const secretTexts: readonly (readonly [RegExp, string])[] = [
  [/(SharedAccessKey\s*=\s*)[^;"'\s\\]+/gi, `$1${REDACTED}`],
  [/(SharedAccessSignature\s+)[^"'\\]+/gi, `$1${REDACTED}`],
  [/(\bsig=)[^&"'\s\\]+/gi, `$1${REDACTED}`],
  [/(\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}/gi, `$1${REDACTED}`],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"\\]*:)[^\s@/"\\]+@/gi, `$1${REDACTED}@`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----/gs, REDACTED],
];
/** Most lines hold none of it and are passed on after one look. */
const suspicious = /SharedAccess|\bsig=|\bBearer\s|\bBasic\s|:\/\/[^\s/"]*@|PRIVATE KEY-----/i;

/** A finished log line without secrets inside its texts. */
export function redactedText(line: string): string {
  if (!suspicious.test(line)) return line;
  return secretTexts.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);
}
