import type { OidcSettings } from '@app/provisioning/dashboard-session/oidc.rules';
import { closestName } from './closest-name';
import { oidcContradictions, oidcSettings } from './oidc-variables';
import { FailpointSetting, messageOf, OperatorTokenSetting, SasPolicySetting } from './parsers';
import { DefaultAllocationPolicy, LogLevel, Role, roles, Variable, VariableName, variableNames, variables } from './variables';

/** Own certificate instead of a generated one; paths to PEM files. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string | undefined;
}

/** What the environment asks for; undefined where the data directory or an embedded part fills in. */
export interface Configuration {
  readonly dataDir: string;
  readonly httpsPort: number;
  /** Undefined: not opened. */
  readonly mqttPort: number | undefined;
  readonly amqpPort: number | undefined;
  /** Addresses and networks; nobody when empty. */
  readonly proxyProtocolFrom: readonly string[];
  readonly forwardedCertificatesFrom: readonly string[];
  readonly connectionsMax: number;
  /** 0: no limit. */
  readonly connectionsPerAddressMax: number;
  readonly listenAddress: string;
  readonly hostNames: readonly string[];
  readonly hubs: readonly string[];
  readonly idScope: string | undefined;
  readonly secretKey: Buffer | undefined;
  readonly serviceKey: string | undefined;
  readonly apiToken: string | undefined;
  readonly sasPolicies: readonly SasPolicySetting[];
  readonly operatorTokens: readonly OperatorTokenSetting[];
  readonly databaseUrl: string | undefined;
  readonly esdbUrl: string | undefined;
  readonly roles: readonly Role[];
  readonly registerWaitMs: number;
  readonly reprovisionMethod: string;
  readonly retryAfterS: number;
  readonly takeoverMs: number;
  readonly defaultAllocationPolicy: DefaultAllocationPolicy;
  readonly latencyFile: string | undefined;
  readonly webhookNetworks: readonly string[];
  /** Of events that are sent to webhooks. */
  readonly webhookRetries: { readonly attemptsMax: number; readonly firstRetryMs: number };
  /** Of those who read the event feed. */
  readonly feed: { readonly readersMax: number; readonly replaysMax: number; readonly slowReaderTimeoutMs: number };
  /** undefined: in the data directory. */
  readonly auditDir: string | undefined;
  /** Undefined: operators sign in to the dashboard by their token alone. */
  readonly oidc: OidcSettings | undefined;
  readonly tls: TlsFiles | undefined;
  readonly logLevel: LogLevel;
  readonly failpoints: readonly FailpointSetting[];
}

/** The environment is not usable; `message` is one line per problem, fit for a person, and shows no secret. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigurationError';
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names with this prefix belong to the test harness, which hands its own environment down to the processes it starts. */
const HARNESS_PREFIX = 'REHOME_TEST_';

type Values = { readonly [Name in VariableName]: (typeof variables)[Name]['whenAbsent'] };

/** Reads and checks every variable at once. Errors: `ConfigurationError` with all problems found. */
export function loadConfiguration(environment: Environment): Configuration {
  const problems = unknownNames(environment);
  const read = variableNames.map((name) => [name, readVariable(name, variables[name], environment, problems)]);
  const values = Object.fromEntries(read) as Values;
  problems.push(...contradictions(values, environment));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return configurationOf(values);
}

function unknownNames(environment: Environment): string[] {
  const known: ReadonlySet<string> = new Set(variableNames);
  return Object.keys(environment)
    .filter((name) => name.startsWith('REHOME_') && !name.startsWith(HARNESS_PREFIX) && !known.has(name))
    .map((name) => {
      const meant = closestName(name, variableNames);
      return `${name} is not a variable of this program${meant === undefined ? '' : `; did you mean ${meant}?`}`;
    });
}

function readVariable(name: VariableName, variable: Variable<unknown>, environment: Environment, problems: string[]): unknown {
  const given = environment[name]?.trim();
  if (given === undefined || (given === '' && variable.emptyAllowed === undefined)) return variable.whenAbsent;
  const parsed = variable.schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const shown = variable.secret ? '' : ` (it is ${JSON.stringify(given.slice(0, 100))})`;
  problems.push(`${name} must ${messageOf(parsed.error)}${shown}`);
  return variable.whenAbsent;
}

function contradictions(values: Values, environment: Environment): string[] {
  const problems: string[] = [];
  const { REHOME_TLS_CERT_FILE: cert, REHOME_TLS_KEY_FILE: key, REHOME_CA_FILE: ca } = values;
  if ((cert === undefined) !== (key === undefined)) {
    problems.push('REHOME_TLS_CERT_FILE and REHOME_TLS_KEY_FILE must be set together');
  }
  if (ca !== undefined && cert === undefined) problems.push('REHOME_CA_FILE must come with REHOME_TLS_CERT_FILE');
  problems.push(...oidcContradictions(values));
  const split = roles.some((role) => !values.REHOME_ROLES.includes(role));
  if (split && values.REHOME_SECRET_KEY === undefined && !environment.REHOME_SECRET_KEY) {
    problems.push('REHOME_SECRET_KEY must be set when REHOME_ROLES splits the service, so that its processes share one key');
  }
  const failpointsAllowed = environment.NODE_ENV === 'test' || values.REHOME_ALLOW_FAILPOINTS === '1';
  if (values.REHOME_FAILPOINTS.length > 0 && !failpointsAllowed) {
    problems.push('REHOME_FAILPOINTS must not be set outside tests: it makes the process kill itself');
  }
  return problems;
}

function configurationOf(values: Values): Configuration {
  const { REHOME_TLS_CERT_FILE: certFile, REHOME_TLS_KEY_FILE: keyFile, REHOME_CA_FILE: caFile } = values;
  return {
    dataDir: values.REHOME_DATA_DIR,
    httpsPort: values.REHOME_HTTPS_PORT,
    mqttPort: values.REHOME_MQTT_PORT,
    amqpPort: values.REHOME_AMQP_PORT,
    proxyProtocolFrom: values.REHOME_PROXY_PROTOCOL,
    forwardedCertificatesFrom: values.REHOME_FORWARDED_CLIENT_CERT,
    connectionsMax: values.REHOME_CONNECTIONS_MAX,
    connectionsPerAddressMax: values.REHOME_CONNECTIONS_PER_ADDRESS_MAX,
    listenAddress: values.REHOME_LISTEN_ADDRESS,
    hostNames: values.REHOME_HOSTNAMES,
    hubs: values.REHOME_HUBS,
    idScope: values.REHOME_ID_SCOPE,
    secretKey: values.REHOME_SECRET_KEY,
    serviceKey: values.REHOME_SERVICE_KEY,
    apiToken: values.REHOME_API_TOKEN,
    sasPolicies: values.REHOME_SAS_POLICIES,
    operatorTokens: values.REHOME_OPERATOR_TOKENS,
    databaseUrl: values.DATABASE_URL,
    esdbUrl: values.ESDB_URL,
    roles: values.REHOME_ROLES,
    registerWaitMs: values.REHOME_REGISTER_WAIT_MS,
    reprovisionMethod: values.REHOME_REPROVISION_METHOD,
    retryAfterS: values.REHOME_RETRY_AFTER_S,
    takeoverMs: values.REHOME_TAKEOVER_MS,
    defaultAllocationPolicy: values.REHOME_DEFAULT_ALLOCATION_POLICY,
    latencyFile: values.REHOME_LATENCY_FILE,
    webhookNetworks: values.REHOME_WEBHOOK_ALLOW_NETWORKS,
    webhookRetries: { attemptsMax: values.REHOME_WEBHOOK_ATTEMPTS, firstRetryMs: values.REHOME_WEBHOOK_RETRY_MS },
    feed: {
      readersMax: values.REHOME_FEED_READERS_MAX,
      replaysMax: values.REHOME_FEED_REPLAYS_MAX,
      slowReaderTimeoutMs: values.REHOME_FEED_SLOW_READER_MS,
    },
    auditDir: values.REHOME_AUDIT_DIR,
    oidc: oidcSettings(values),
    tls: certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile, caFile },
    logLevel: values.REHOME_LOG_LEVEL,
    failpoints: values.REHOME_FAILPOINTS,
  };
}
