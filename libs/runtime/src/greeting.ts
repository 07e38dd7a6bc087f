/** What a person who has just started the service wants to know; printed once, before the logs. */
export interface GreetingFacts {
  readonly port: number;
  /** Undefined when MQTT has no port of its own. */
  readonly mqttPort: number | undefined;
  /** Undefined when AMQP has no port of its own. */
  readonly amqpPort: number | undefined;
  readonly endpoint: string;
  readonly idScope: string;
  readonly hubs: readonly string[];
  readonly dataDir: string;
  readonly caFile: string;
  readonly clientEnvFile: string;
}

export function greeting(facts: GreetingFacts): string {
  const base = `https://${facts.endpoint}${facts.port === 443 ? '' : `:${facts.port}`}`;
  const source = `source ${facts.clientEnvFile}`;
  return [
    '',
    `Rehome is running.`,
    '',
    `  device and service API  ${base}   (id scope ${facts.idScope})`,
    `  devices over MQTT       ${addresses(facts, 'mqtts', facts.mqttPort)}`,
    `  devices over AMQP       ${addresses(facts, 'amqps', facts.amqpPort)}`,
    `  management API          ${base}/api/v1   (OpenAPI: ${base}/api/v1/openapi.json)`,
    `  dashboard               ${base}/dashboard   (sign in with REHOME_API_TOKEN of the credentials)`,
    `  health                  ${base}/livez  ${base}/readyz`,
    `  reference hubs          ${facts.hubs.length === 0 ? 'none' : facts.hubs.join(', ')}   (same ports, told apart by name)`,
    `  data                    ${facts.dataDir}`,
    `  CA certificate          ${facts.caFile}`,
    `  credentials             ${facts.clientEnvFile}   (mode 0600)`,
    '',
    'Create an enrollment, then register its device (copy and paste):',
    '',
    `  ${source}`,
    `  npm run --silent register -- my-device`,
    '',
    'Ask where devices are:',
    '',
    `  curl --cacert "$NODE_EXTRA_CA_CERTS" -H "Authorization: Bearer $REHOME_API_TOKEN" ${base}/api/v1/devices`,
    '',
    'Ctrl-C stops everything.',
    '',
  ].join('\n');
}

function addresses({ endpoint, port }: GreetingFacts, scheme: string, ownPort: number | undefined): string {
  const overTls = ownPort === undefined ? '' : `${scheme}://${endpoint}:${ownPort}   or `;
  return `${overTls}wss://${endpoint}:${port}/$iothub/websocket`;
}
