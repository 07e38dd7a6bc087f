import { createPrivateKey, createPublicKey, generateKeyPairSync, KeyObject } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventStore } from '@app/event-sourcing';
import { keyIdOf, RootFile, RootSigner, SignedRoot, Verdict, verifyLog } from '@app/integrity';
import { ConfigurationError, Logger, Shutdown } from '@app/platform';
import { acquireLeadership, PgConfig } from '@app/postgres';
import { AuditTrail, LogName, VerifyProgress, VerifyRequest } from '@app/provisioning';

export interface AuditTrailOptions {
  /** Where roots and the key that signs them are. */
  readonly directory: string;
  /** The adapters themselves, by log. */
  readonly logs: ReadonlyMap<LogName, EventStore>;
  readonly macKey: Buffer;
}

const KEY_FILE = 'signing-key.pem';
const PRIVATE_FILE_MODE = 0o600;
const PRIVATE_DIRECTORY_MODE = 0o700;

/** Opens what proves that logs are untouched; makes the signing key at the first start. Error: `ConfigurationError`. */
export async function openAuditTrail({ directory, logs, macKey }: AuditTrailOptions): Promise<ChainedLogs> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
  return new ChainedLogs(directory, logs, macKey, await signingKey(join(directory, KEY_FILE)));
}

/** The logs that this process has open, with their roots. */
export class ChainedLogs implements AuditTrail {
  readonly publicKey: string;
  readonly keyId: string;
  private readonly verifyingKey: KeyObject;

  constructor(
    private readonly directory: string,
    private readonly stores: ReadonlyMap<LogName, EventStore>,
    private readonly macKey: Buffer,
    private readonly privateKey: KeyObject,
  ) {
    this.verifyingKey = createPublicKey(privateKey);
    this.publicKey = this.verifyingKey.export({ type: 'spki', format: 'pem' }).toString();
    this.keyId = keyIdOf(this.verifyingKey);
  }

  get logs(): readonly LogName[] {
    return [...this.stores.keys()];
  }

  async roots(log: LogName, after: number, countMax: number): Promise<readonly SignedRoot[]> {
    const found: SignedRoot[] = [];
    for await (const root of this.file(log).read()) {
      if (root === null || root.number <= after) continue;
      found.push(root);
      if (found.length >= countMax) break;
    }
    return found;
  }

  async verify(
    { log, from, to }: VerifyRequest,
    onProgress: (progress: VerifyProgress) => void,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const store = this.stores.get(log);
    if (store === undefined) throw new RangeError(`the log of ${log} is not in this process`);
    for (const position of [from, to]) if (position !== undefined) store.comparePositions(position, 'start');
    const end = Number(to ?? (await store.headPosition()));
    const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
    const told = (events: number, position: string): void => {
      const fraction = Number(position) / end;
      onProgress({ events, fraction: Number.isFinite(fraction) ? Math.min(1, fraction) : null });
    };
    const { macKey, verifyingKey: publicKey } = this;
    return verifyLog({ log, store, roots: this.file(log).read(), publicKey, macKey, ...range, onProgress: told, signal });
  }

  signer(log: LogName, logger: Logger): RootSigner {
    const store = this.stores.get(log);
    if (store === undefined) throw new RangeError(`the log of ${log} is not in this process`);
    const { privateKey, macKey } = this;
    return new RootSigner({ name: log, store, file: this.file(log), privateKey, macKey, log: logger });
  }

  private file(log: LogName): RootFile {
    return new RootFile(join(this.directory, `roots-${log}.ndjson`));
  }
}

/** Any number that no other lock of the database has. */
const SIGNING_LOCK = 7_236_405;

/** Signs roots as long as this process is the one that does; several may stand by. */
export function startSigning(trail: ChainedLogs, config: PgConfig, log: Logger, shutdown: Shutdown): void {
  const ending = new AbortController();
  const signing = signAsLeader(trail, config, log, ending.signal).catch((err: unknown) =>
    log.error({ err }, 'roots of the logs are not signed any more'),
  );
  shutdown.add('signing of roots', async () => {
    ending.abort();
    await signing;
  });
}

async function signAsLeader(trail: ChainedLogs, config: PgConfig, log: Logger, signal: AbortSignal): Promise<void> {
  while (!isAborted(signal)) {
    const leadership = await acquireLeadership(config, SIGNING_LOCK, signal, log);
    if (leadership === undefined) continue;
    const signers = trail.logs.map((name) => trail.signer(name, log));
    await Promise.all(signers.map((signer) => signer.start()));
    const over = AbortSignal.any([signal, leadership.signal]);
    if (!over.aborted) await new Promise((resolve) => over.addEventListener('abort', resolve, { once: true }));
    await Promise.all(signers.map((signer) => signer.stop()));
    await leadership.release();
  }
}

const isAborted = (signal: AbortSignal): boolean => signal.aborted;

async function signingKey(path: string): Promise<KeyObject> {
  try {
    const key = createPrivateKey(await readFile(path));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return makeSigningKey(path);
  }
  throw new ConfigurationError([`the signing key ${path} is no Ed25519 key in PEM`]);
}

async function makeSigningKey(path: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  // Another process that starts at the same time on the same directory must not write another one over it.
  await writeFile(path, pem, { mode: PRIVATE_FILE_MODE, flag: 'wx', flush: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  return createPrivateKey(await readFile(path));
}
