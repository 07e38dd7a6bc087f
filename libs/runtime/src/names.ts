import { Configuration, Credentials } from '@app/platform';

/** Names under which the provisioning service itself is reached; SAS tokens of administrators may name any of them. */
export function serviceHostNames(configuration: Configuration): readonly string[] {
  return ['localhost', '127.0.0.1', '[::1]', ...configuration.hostNames];
}

/** The policy that a hub's owner signs with, on a reference hub of ours as on the cloud's. */
export const HUB_POLICY = 'iothubowner';
export const SERVICE_POLICY = 'provisioningserviceowner';

export function hubConnectionString(hostName: string, credentials: Credentials): string {
  return `HostName=${hostName};SharedAccessKeyName=${HUB_POLICY};SharedAccessKey=${credentials.hubOwnerKey(hostName)}`;
}

export function serviceConnectionString(hostName: string, credentials: Credentials): string {
  return `HostName=${hostName};SharedAccessKeyName=${SERVICE_POLICY};SharedAccessKey=${credentials.serviceKey}`;
}
