/** What a client needs to reach this service; becomes `client.env`. */
export interface ClientEnv {
  /** Host name of the device endpoint and of the service API, for example `localhost`. */
  readonly endpoint: string;
  readonly idScope: string;
  readonly serviceConnectionString: string;
  /** In the order of REHOME_HUBS; the first two get names of their own. */
  readonly hubConnectionStrings: readonly string[];
  readonly caFile: string;
  readonly httpsPort: number;
  /** Absent when no port is open. */
  readonly mqttPort?: number | undefined;
  readonly amqpPort?: number | undefined;
  readonly apiToken: string;
}

/** Shell text for `source client.env`, under the names that Azure's samples and test suites read. */
export function clientEnvText(client: ClientEnv): string {
  const [firstHub, secondHub] = client.hubConnectionStrings;
  const variables: readonly (readonly [string, string | undefined])[] = [
    ['IOT_PROVISIONING_DEVICE_ENDPOINT', client.endpoint],
    ['IOT_PROVISIONING_DEVICE_IDSCOPE', client.idScope],
    ['IOT_PROVISIONING_SERVICE_CONNECTION_STRING', client.serviceConnectionString],
    ['IOTHUB_CONNECTION_STRING', firstHub],
    ['IOTHUB_B_CONNECTION_STRING', secondHub],
    ['NODE_EXTRA_CA_CERTS', client.caFile],
    ['REHOME_HTTPS_PORT', String(client.httpsPort)],
    ['REHOME_MQTT_PORT', client.mqttPort?.toString()],
    ['REHOME_AMQP_PORT', client.amqpPort?.toString()],
    ['REHOME_API_TOKEN', client.apiToken],
  ];
  const lines = variables.flatMap(([name, value]) => (value === undefined ? [] : [`export ${name}=${quote(value)}`]));
  return `${lines.join('\n')}\n`;
}

/** Inside single quotes a POSIX shell reads everything as it is, except the quote itself. */
const quote = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`;
