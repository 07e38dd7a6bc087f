import { z } from 'zod';
import { oidcVariables } from './oidc-variables';
import * as parse from './parsers';

/** One environment variable: how it is read, what it means when absent, and what the documentation says. */
export interface Variable<Value> {
  readonly schema: z.ZodType<Value, string>;
  readonly whenAbsent: Value;
  /** The default as the documentation shows it. */
  readonly defaultText: string;
  /** Form and meaning in one or two sentences. */
  readonly documentation: string;
  /** The value is never shown in messages. */
  readonly secret?: true;
  /** An empty value is a value, not an absent one. */
  readonly emptyAllowed?: true;
}

export const roles = ['api', 'worker', 'hubs'] as const;
export type Role = (typeof roles)[number];

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Policies an instance may fall back on; a webhook is known to an enrollment only. */
export const defaultAllocationPolicies = ['hashed', 'geoLatency', 'static'] as const;
export type DefaultAllocationPolicy = (typeof defaultAllocationPolicies)[number];

function variable<Value>(definition: Variable<Value>): Variable<Value> {
  return definition;
}

/** A variable that has no value unless it is set. */
function optional<Value>(definition: Omit<Variable<Value>, 'whenAbsent'>): Variable<Value | undefined> {
  return { ...definition, whenAbsent: undefined };
}

/** Everything this program reads from its environment; docs/configuration.md is generated from here. */
export const variables = {
  REHOME_DATA_DIR: variable({
    schema: parse.text,
    whenAbsent: './data',
    defaultText: '`./data`',
    documentation:
      'Directory of the credentials, the certificates and the embedded database. Made with mode 0700; one process at a time.',
  }),
  REHOME_HTTPS_PORT: variable({
    schema: parse.wholeNumber(0, 65_535),
    whenAbsent: 8443,
    defaultText: '`8443`',
    documentation: 'TCP port of the one TLS listener. `443` lets every SDK client connect unmodified; `0` takes any free port.',
  }),
  REHOME_MQTT_PORT: variable<number | undefined>({
    schema: parse.portOrNone,
    whenAbsent: 8883,
    defaultText: '`8883`',
    documentation:
      'TCP port for MQTT over TLS, of the provisioning service and of the reference hubs, told apart by the name in the TLS handshake. `0` takes any free port; `none` opens none, MQTT over WebSocket on the HTTPS port stays.',
  }),
  REHOME_AMQP_PORT: variable<number | undefined>({
    schema: parse.portOrNone,
    whenAbsent: 5671,
    defaultText: '`5671`',
    documentation:
      'TCP port for AMQP 1.0 over TLS, of the provisioning service. `0` takes any free port; `none` opens none, AMQP over WebSocket on the HTTPS port stays.',
  }),
  REHOME_PROXY_PROTOCOL: variable({
    schema: parse.listOf(parse.network),
    whenAbsent: [],
    defaultText: 'none',
    documentation:
      'Addresses or networks of the proxies that begin each connection, on every port, with a PROXY protocol header (version 1 or 2), separated by commas: `10.0.0.7,10.1.0.0/24`. From them a header is required, from all others none is taken (docs/how-to/behind-a-proxy.md).',
  }),
  REHOME_FORWARDED_CLIENT_CERT: variable({
    schema: parse.listOf(parse.network),
    whenAbsent: [],
    defaultText: 'none',
    documentation:
      'Addresses or networks of the proxies that end TLS and hand over the certificates of devices in the headers `Client-Cert` and `Client-Cert-Chain` (RFC 9440) over HTTPS. From all others these headers are ignored.',
  }),
  REHOME_CONNECTIONS_MAX: variable({
    schema: parse.wholeNumber(1, 20_000),
    whenAbsent: 20_000,
    defaultText: '`20000`',
    documentation: 'Open connections at one time on all ports together, `1` to `20000`. Further ones are closed.',
  }),
  REHOME_CONNECTIONS_PER_ADDRESS_MAX: variable({
    schema: parse.wholeNumber(0, 20_000),
    whenAbsent: 0,
    defaultText: '`0`',
    documentation:
      'Open connections at one time from one client address, on all ports together; `0` is no limit. Devices behind one gateway share an address.',
  }),
  REHOME_LISTEN_ADDRESS: variable({
    schema: parse.ipAddress,
    whenAbsent: '127.0.0.1',
    defaultText: '`127.0.0.1`',
    documentation:
      'IP address to listen on. The default serves this machine only, because the generated certificate is a development one; set `0.0.0.0` or `::` to serve a network.',
  }),
  REHOME_HOSTNAMES: variable({
    schema: parse.listOf(parse.hostNameOrAddress),
    whenAbsent: [],
    defaultText: 'none',
    documentation:
      'Further names and addresses of this service, separated by commas: added to the generated certificate and accepted in SAS tokens.',
  }),
  REHOME_HUBS: variable({
    schema: parse.hubList,
    whenAbsent: ['hub-a.localhost', 'hub-b.localhost'],
    defaultText: '`hub-a.localhost,hub-b.localhost`',
    documentation:
      'Reference hubs to serve, and to link with weight 1 on first start. Empty or `none`: no reference hub, link your own.',
    emptyAllowed: true,
  }),
  REHOME_ID_SCOPE: optional({
    schema: parse.idScope,
    defaultText: 'generated',
    documentation: 'ID scope that devices name: `0ne` and 8 to 16 hexadecimal digits.',
  }),
  REHOME_SECRET_KEY: optional({
    schema: parse.secretKey,
    defaultText: 'generated',
    documentation:
      'Key under which secrets are encrypted at rest: 32 bytes in base64. Credentials that are not set are derived from it, so processes that share it agree. Required when `REHOME_ROLES` splits the service.',
    secret: true,
  }),
  REHOME_SERVICE_KEY: optional({
    schema: parse.sasKey,
    defaultText: 'generated',
    documentation: 'Key of the shared access policy `provisioningserviceowner`, which has every right: 16 to 64 bytes in base64.',
    secret: true,
  }),
  REHOME_API_TOKEN: optional({
    schema: parse.bearerToken,
    defaultText: 'generated',
    documentation: "An administrator's bearer token for `/api/v1`: 16 to 512 characters.",
    secret: true,
  }),
  REHOME_SAS_POLICIES: variable({
    schema: parse.sasPolicies,
    whenAbsent: [],
    defaultText: 'none',
    documentation: 'Further shared access policies: `name:base64key:Right+Right`, separated by semicolons.',
    secret: true,
  }),
  REHOME_OPERATOR_TOKENS: variable({
    schema: parse.operatorTokens,
    whenAbsent: [],
    defaultText: 'none',
    documentation:
      "Further operators' bearer tokens: `name:token`, or `name:token:role` with a role of docs/reference/api.md, separated by semicolons. Without a role: `administrator`, every right.",
    secret: true,
  }),
  DATABASE_URL: optional({
    schema: parse.urlWithScheme('postgres', 'postgresql'),
    defaultText: 'embedded',
    documentation:
      'PostgreSQL server of the read models, and of the events unless `ESDB_URL` is set. Absent: the embedded server.',
    secret: true,
  }),
  ESDB_URL: optional({
    schema: parse.urlWithScheme('esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover'),
    defaultText: 'events in PostgreSQL',
    documentation: 'EventStoreDB or KurrentDB that keeps the events.',
    secret: true,
  }),
  REHOME_ROLES: variable({
    schema: parse.listOf(parse.oneOf(roles)).pipe(z.array(z.enum(roles)).min(1, `name at least one of ${roles.join(', ')}`)),
    whenAbsent: [...roles],
    defaultText: '`api,worker,hubs`',
    documentation:
      'What this process does: `api` answers devices and operators, `worker` projects events and finishes moves, `hubs` serves the reference hubs.',
  }),
  REHOME_REGISTER_WAIT_MS: variable({
    schema: parse.wholeNumber(0, 10_000),
    whenAbsent: 250,
    defaultText: '`250`',
    documentation: 'How long a register call waits for its assignment to finish before it answers `assigning`; `0` never waits.',
  }),
  REHOME_REPROVISION_METHOD: variable({
    schema: z.string().regex(/^[\w.-]{1,100}$/, 'must be 1 to 100 letters, digits, dots, dashes or underscores'),
    whenAbsent: 'reprovision',
    defaultText: '`reprovision`',
    documentation: 'Direct method that asks a device to register again: 1 to 100 letters, digits, dots, dashes, underscores.',
  }),
  REHOME_RETRY_AFTER_S: variable({
    schema: parse.wholeNumber(0, 3600),
    whenAbsent: 3,
    defaultText: '`3`',
    documentation: 'Seconds in the `Retry-After` header of an unfinished operation.',
  }),
  REHOME_TAKEOVER_MS: variable({
    schema: parse.wholeNumber(100, 3_600_000),
    whenAbsent: 15_000,
    defaultText: '`15000`',
    documentation: 'How long a move may stand still before another process finishes it.',
  }),
  REHOME_DEFAULT_ALLOCATION_POLICY: variable<DefaultAllocationPolicy>({
    schema: parse.oneOf(defaultAllocationPolicies),
    whenAbsent: 'hashed',
    defaultText: '`hashed`',
    documentation: 'Allocation policy of enrollments that name none: `hashed`, `geoLatency` or `static`.',
  }),
  REHOME_LATENCY_FILE: optional({
    schema: parse.text,
    defaultText: 'none',
    documentation:
      'JSON file of the latencies between the networks devices call from and the locations of hubs, for `geoLatency` (docs/how-to/allocation.md). Read at start.',
  }),
  REHOME_WEBHOOK_ALLOW_NETWORKS: variable({
    schema: parse.listOf(parse.network),
    whenAbsent: [],
    defaultText: 'none',
    documentation:
      'Loopback, private or otherwise local networks in which webhooks may be, those of custom allocation and those that events are sent to, separated by commas: `10.1.0.0/16,::1`. All other local addresses are refused.',
  }),
  REHOME_WEBHOOK_ATTEMPTS: variable({
    schema: parse.wholeNumber(1, 100),
    whenAbsent: 12,
    defaultText: '`12`',
    documentation: 'How often an event is sent to a webhook before it becomes a dead letter (docs/reference/webhooks.md).',
  }),
  REHOME_FEED_READERS_MAX: variable({
    schema: parse.wholeNumber(1, 1_000),
    whenAbsent: 100,
    defaultText: '`100`',
    documentation: 'Readers of the event feed at one time in one process, `1` to `1000`; the next is answered 503.',
  }),
  REHOME_FEED_REPLAYS_MAX: variable({
    schema: parse.wholeNumber(1, 100),
    whenAbsent: 4,
    defaultText: '`4`',
    documentation: 'Replays of the event feed at one time in one process, `1` to `100`; the next is answered 503.',
  }),
  REHOME_FEED_SLOW_READER_MS: variable({
    schema: parse.wholeNumber(100, 300_000),
    whenAbsent: 15_000,
    defaultText: '`15000`',
    documentation: 'How long a reader of the feed or of a replay may take nothing before it is cut off, in milliseconds.',
  }),
  REHOME_WEBHOOK_RETRY_MS: variable({
    schema: parse.wholeNumber(10, 60_000),
    whenAbsent: 1_000,
    defaultText: '`1000`',
    documentation:
      'Pause before the second attempt to send an event to a webhook; each further one is twice as long, up to a minute.',
  }),
  REHOME_AUDIT_DIR: optional({
    schema: parse.text,
    defaultText: '`audit` in the data directory',
    documentation:
      'Directory of the signed roots of the logs and of the key that signs them (docs/reference/integrity.md). Best on another machine than the database; processes that verify need to read it.',
  }),
  REHOME_TLS_CERT_FILE: optional({
    schema: parse.text,
    defaultText: 'generated',
    documentation: 'PEM file with your own certificate chain. Needs `REHOME_TLS_KEY_FILE`.',
  }),
  REHOME_TLS_KEY_FILE: optional({
    schema: parse.text,
    defaultText: 'generated',
    documentation: 'PEM file with the private key of `REHOME_TLS_CERT_FILE`.',
  }),
  REHOME_CA_FILE: optional({
    schema: parse.text,
    defaultText: 'generated',
    documentation: 'PEM file with the authority that clients shall trust, for your own certificate.',
  }),
  ...oidcVariables,
  REHOME_LOG_LEVEL: variable<LogLevel>({
    schema: parse.oneOf(logLevels),
    whenAbsent: 'info',
    defaultText: '`info`',
    documentation: `One of ${logLevels.map((level) => `\`${level}\``).join(', ')}.`,
  }),
  REHOME_FAILPOINTS: variable({
    schema: parse.failpoints,
    whenAbsent: [],
    defaultText: 'none',
    documentation:
      'Tests only: points (`name` or `name:nth`, separated by commas) at which the process kills itself. Refused unless `NODE_ENV=test` or `REHOME_ALLOW_FAILPOINTS=1`.',
  }),
  REHOME_ALLOW_FAILPOINTS: variable<'0' | '1'>({
    schema: parse.flag,
    whenAbsent: '0',
    defaultText: '`0`',
    documentation: 'Tests only: `1` allows `REHOME_FAILPOINTS` outside `NODE_ENV=test`.',
  }),
};

export type VariableName = keyof typeof variables;
export const variableNames = Object.keys(variables) as readonly VariableName[];
