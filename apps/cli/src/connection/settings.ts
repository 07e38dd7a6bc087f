import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { usageError } from '../exit-codes';
import { readClientEnv } from './client-env';

/** Where the service is and what opens it. */
export interface ConnectionSettings {
  readonly host: string;
  readonly port: number;
  /** PEM texts; undefined for those that Node brings. */
  readonly ca: readonly string[] | undefined;
  /** PEM text of the one among them that was given. */
  readonly authority: string | undefined;
  /** An operator's token; goes before the connection string. */
  readonly token: string | undefined;
  /** `HostName=…;SharedAccessKeyName=…;SharedAccessKey=…` of the service. */
  readonly connectionString: string | undefined;
  /** For devices that are simulated. */
  readonly idScope: string | undefined;
  readonly mqttPort: number;
  readonly amqpPort: number;
}

export interface ConnectionOptions {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly login?: string | undefined;
  readonly caFile?: string | undefined;
  readonly dataDir?: string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

const DATA_DIR_DEFAULT = 'data';
const HTTPS_PORT = 443;
const MQTT_PORT = 8883;
const AMQP_PORT = 5671;

/**
 * Options go first, then `--data-dir`, then the environment as `source data/client.env` sets it, then `./data`. Error: usage, in
 * words that say what is missing.
 */
export function connectionSettings(options: ConnectionOptions, env: Env): ConnectionSettings {
  const known = knownFacts(options.dataDir, env);
  const { host, port } = addressOf(options.url, known);
  const caFile = options.caFile ?? known.NODE_EXTRA_CA_CERTS;
  const token = options.token ?? (options.login === undefined ? known.REHOME_API_TOKEN : undefined);
  const connectionString = options.login ?? known.IOT_PROVISIONING_SERVICE_CONNECTION_STRING;
  if (token === undefined && connectionString === undefined) {
    throw usageError(
      "say who you are: --token or --login, or `source data/client.env`, or --data-dir with the service's data directory",
    );
  }
  const authority = caFile === undefined ? undefined : readCa(caFile);
  return {
    host,
    port,
    ca: authority === undefined ? undefined : [...rootCertificates, authority],
    authority,
    token,
    connectionString,
    idScope: known.IOT_PROVISIONING_DEVICE_IDSCOPE,
    mqttPort: Number(known.REHOME_MQTT_PORT ?? MQTT_PORT),
    amqpPort: Number(known.REHOME_AMQP_PORT ?? AMQP_PORT),
  };
}

function knownFacts(dataDir: string | undefined, env: Env): Env {
  if (dataDir !== undefined) {
    const facts = readClientEnv(dataDir);
    if (facts === undefined) throw usageError(`there is no client.env in ${dataDir}; the service writes it when it has started`);
    return { ...env, ...facts };
  }
  const isTold = env.IOT_PROVISIONING_DEVICE_ENDPOINT !== undefined;
  return isTold ? env : { ...readClientEnv(DATA_DIR_DEFAULT), ...env };
}

function addressOf(url: string | undefined, known: Env): { host: string; port: number } {
  const given = url ?? known.REHOME_URL;
  if (given === undefined) {
    const host = known.IOT_PROVISIONING_DEVICE_ENDPOINT;
    if (host === undefined) {
      throw usageError('say where the service is: --url, or `source data/client.env`, or --data-dir with its data directory');
    }
    return { host, port: Number(known.REHOME_HTTPS_PORT ?? HTTPS_PORT) };
  }
  const parsed = URL.canParse(given) ? new URL(given) : undefined;
  if (parsed?.protocol !== 'https:') throw usageError('--url must begin with https://');
  return { host: parsed.hostname, port: parsed.port === '' ? HTTPS_PORT : Number(parsed.port) };
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw usageError(`the file of the certificate authority cannot be read: ${file}`);
  }
}
