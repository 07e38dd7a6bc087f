import { ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What `client.env` says, and the CA's text. */
export interface ServiceFacts {
  readonly port: number;
  readonly mqttPort: number;
  readonly amqpPort: number;
  readonly endpoint: string;
  readonly idScope: string;
  readonly serviceConnectionString: string;
  /** Of the first and the second reference hub. */
  readonly hubConnectionStrings: readonly string[];
  readonly apiToken: string;
  readonly ca: string;
  readonly caFile: string;
}

export interface ServiceProcess {
  readonly facts: ServiceFacts;
  readonly pid: number;
  /** Everything the process has written to standard output and error so far. */
  output(): string;
  /** Exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and the exit code after the drain. */
  stop(): Promise<number | NodeJS.Signals>;
}

export interface ServiceProcessOptions {
  readonly dataDir: string;
  /** Over the defaults of a test: any free port, no pause between polls. */
  readonly env?: Readonly<Record<string, string>>;
  readonly startTimeoutMs?: number;
}

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 20;
/** So that services run side by side. */
const anyFreePorts = { REHOME_HTTPS_PORT: '0', REHOME_MQTT_PORT: '0', REHOME_AMQP_PORT: '0' };
const OUTPUT_CHARACTERS_MAX = 4_000_000;

/** The built service, found from the project's root. */
const PROGRAM = resolve('dist/apps/api/main.js');

/** Starts the built service as a process of its own, as `npm start` does, and waits until it says that it is running. */
export async function startServiceProcess(options: ServiceProcessOptions): Promise<ServiceProcess> {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is not built; run "npm run build"`);
  const { dataDir } = options;
  await rm(join(dataDir, 'client.env'), { force: true });
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--enable-source-maps', PROGRAM], {
    env: { ...inherited(), ...anyFreePorts, REHOME_RETRY_AFTER_S: '0', ...options.env, REHOME_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  const ended = new Promise<number | NodeJS.Signals>((settle) =>
    child.once('exit', (code, signal) => settle(code ?? signal ?? 'SIGKILL')),
  );
  const facts = await untilRunning(child, dataDir, output, options.startTimeoutMs ?? START_TIMEOUT_MS);
  return {
    facts,
    pid: child.pid ?? 0,
    output,
    ended,
    kill: (signal) => void child.kill(signal),
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** The caller's environment without what would configure the service behind the test's back. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('REHOME_') && name !== 'ESDB_URL'));
}

function collect(child: ChildProcess): () => string {
  let text = '';
  const append = (chunk: Buffer): void => void (text = (text + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX));
  child.stdout?.on('data', append);
  child.stderr?.on('data', append);
  return () => text;
}

async function untilRunning(
  child: ChildProcess,
  dataDir: string,
  output: () => string,
  timeoutMs: number,
): Promise<ServiceFacts> {
  const deadline = Date.now() + timeoutMs;
  const envFile = join(dataDir, 'client.env');
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the service did not start:\n${output()}`);
    // The file is written last, when the service answers.
    if (
      await stat(envFile).then(
        () => true,
        () => false,
      )
    )
      return readFacts(envFile);
    await sleep(POLL_MS);
  }
  child.kill('SIGKILL');
  throw new Error(`the service did not start within ${timeoutMs} ms:\n${output()}`);
}

async function readFacts(envFile: string): Promise<ServiceFacts> {
  const text = await readFile(envFile, 'utf8');
  const variables = new Map([...text.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name = '', value = '']) => [name, value]));
  const get = (name: string): string => {
    const value = variables.get(name);
    if (value === undefined) throw new Error(`${envFile} does not say ${name}`);
    return value;
  };
  const caFile = get('NODE_EXTRA_CA_CERTS');
  const hubs = ['IOTHUB_CONNECTION_STRING', 'IOTHUB_B_CONNECTION_STRING'].flatMap((name) => variables.get(name) ?? []);
  return {
    port: Number(get('REHOME_HTTPS_PORT')),
    mqttPort: Number(variables.get('REHOME_MQTT_PORT')),
    amqpPort: Number(variables.get('REHOME_AMQP_PORT')),
    endpoint: get('IOT_PROVISIONING_DEVICE_ENDPOINT'),
    idScope: get('IOT_PROVISIONING_DEVICE_IDSCOPE'),
    serviceConnectionString: get('IOT_PROVISIONING_SERVICE_CONNECTION_STRING'),
    hubConnectionStrings: hubs,
    apiToken: get('REHOME_API_TOKEN'),
    ca: await readFile(caFile, 'utf8'),
    caFile,
  };
}
