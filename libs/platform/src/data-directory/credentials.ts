import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PRIVATE_FILE_MODE, writeFileAtomically } from './atomic-file';
import { DataDirectoryError } from './data-directory-error';

/** What the operator set; everything else is derived from the secret key. */
export interface GivenCredentials {
  readonly idScope?: string | undefined;
  readonly secretKey?: Buffer | undefined;
  readonly serviceKey?: string | undefined;
  readonly apiToken?: string | undefined;
}

export interface Credentials {
  readonly idScope: string;
  /** 32 bytes. */
  readonly secretKey: Buffer;
  /** base64, of the shared access policy `provisioningserviceowner`. */
  readonly serviceKey: string;
  readonly apiToken: string;
  /** base64, of the policy `iothubowner` at a reference hub of ours. */
  readonly hubOwnerKey: (hostName: string) => string;
}

/** In the data directory. */
export const CREDENTIALS_FILE = 'credentials.json';
const SECRET_KEY_BYTES = 32;
const DERIVED_KEY_BYTES = 32;
const ID_SCOPE_BYTES = 4;

const stored = z.object({
  /** Absent when it was given by the environment: then it is kept there alone. */
  secretKey: z.base64().optional(),
  /** Recognises the key this data was written with. */
  secretKeyCheck: z.string(),
  idScope: z.string(),
  serviceKey: z.string(),
  apiToken: z.string(),
  hubOwnerKeys: z.record(z.string(), z.string()),
});
type Stored = z.infer<typeof stored>;

/**
 * Reads the credentials file, or makes it: what nobody set is derived from the secret key by HKDF, so that processes which share
 * only that key agree on all of it. What was made once stays, whatever key or derivation comes later; what is given wins over it.
 *
 * Errors: `DataDirectoryError` when the file is damaged or was written under another secret key.
 */
export async function loadCredentials(path: string, given: GivenCredentials, hubs: readonly string[]): Promise<Credentials> {
  const before = await readStored(path);
  const secretKey = given.secretKey ?? keyOf(before, path) ?? randomBytes(SECRET_KEY_BYTES);
  const secretKeyCheck = derive(secretKey, 'check', 8).toString('hex');
  if (before !== undefined && before.secretKeyCheck !== secretKeyCheck) {
    throw new DataDirectoryError(`REHOME_SECRET_KEY is not the key that the data of ${path} was written with`);
  }
  const hubKeys = hubs.map((hub) => [hub, before?.hubOwnerKeys[hub] ?? hubOwnerKey(secretKey, hub)] as const);
  const after: Stored = {
    ...(given.secretKey === undefined ? { secretKey: secretKey.toString('base64') } : {}),
    secretKeyCheck,
    idScope: before?.idScope ?? `0ne${derive(secretKey, 'id-scope', ID_SCOPE_BYTES).toString('hex').toUpperCase()}`,
    serviceKey: before?.serviceKey ?? derive(secretKey, 'service-key').toString('base64'),
    apiToken: before?.apiToken ?? derive(secretKey, 'api-token').toString('base64url'),
    hubOwnerKeys: { ...before?.hubOwnerKeys, ...Object.fromEntries(hubKeys) },
  };
  if (before === undefined || JSON.stringify(before) !== JSON.stringify(after)) {
    await writeFileAtomically(path, `${JSON.stringify(after, null, 2)}\n`, PRIVATE_FILE_MODE);
  }
  return {
    secretKey,
    idScope: given.idScope ?? after.idScope,
    serviceKey: given.serviceKey ?? after.serviceKey,
    apiToken: given.apiToken ?? after.apiToken,
    hubOwnerKey: (hostName) => after.hubOwnerKeys[hostName] ?? hubOwnerKey(secretKey, hostName),
  };
}

/** The secret key of a data directory, which may be in use; nothing is made or changed. Error: `DataDirectoryError` where there is none. */
export async function readSecretKey(dataDir: string, given: Pick<GivenCredentials, 'secretKey'>): Promise<Buffer> {
  const path = join(dataDir, CREDENTIALS_FILE);
  const key = given.secretKey ?? keyOf(await readStored(path), path);
  if (key === undefined)
    throw new DataDirectoryError(`there is no ${path}: has the service been started with this data directory?`);
  return key;
}

function keyOf(before: Stored | undefined, path: string): Buffer | undefined {
  if (before === undefined) return undefined;
  if (before.secretKey !== undefined) return Buffer.from(before.secretKey, 'base64');
  throw new DataDirectoryError(`REHOME_SECRET_KEY must be set: the data of ${path} was written with a key from the environment`);
}

async function readStored(path: string): Promise<Stored | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return stored.parse(JSON.parse(text));
  } catch {
    // The cause is left out on purpose: a parser's message may quote the text, and the text is secret.
    throw new DataDirectoryError(`${path} is damaged; restore it from a backup (without its secret key stored secrets are lost)`);
  }
}

function derive(secretKey: Buffer, purpose: string, bytes: number = DERIVED_KEY_BYTES): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, Buffer.alloc(0), `rehome/${purpose}`, bytes));
}

function hubOwnerKey(secretKey: Buffer, hostName: string): string {
  return createHmac('sha256', derive(secretKey, 'hub-owner-keys')).update(hostName.toLowerCase()).digest('base64');
}
