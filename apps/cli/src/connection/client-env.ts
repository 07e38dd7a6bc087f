import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'client.env';

/** What the service wrote into its data directory for its clients; undefined where there is no such file. */
export function readClientEnv(dataDir: string): Readonly<Record<string, string>> | undefined {
  let text: string;
  try {
    text = readFileSync(join(dataDir, FILE), 'utf8');
  } catch {
    return undefined;
  }
  return parseClientEnv(text);
}

/** Lines of `export NAME='value'`, as a POSIX shell reads them. */
export function parseClientEnv(text: string): Readonly<Record<string, string>> {
  const lines = [...text.matchAll(/^export (\w+)='(.*)'$/gm)];
  return Object.fromEntries(lines.map(([, name = '', value = '']) => [name, value.replaceAll(`'\\''`, `'`)]));
}
