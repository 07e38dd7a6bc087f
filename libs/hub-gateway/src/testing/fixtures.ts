import { generateSymmetricKey } from '@app/attestation';
import { DeviceToPut, HubConnection } from '../hub-gateway';
import { IotHubGateway, IotHubGatewayOptions } from '../iot-hub-gateway';
import { FaultyServer } from './faulty-server';

export const hostName = 'hub-a.localhost';
const sharedAccessKey = generateSymmetricKey();
export const hub: HubConnection = {
  hostName,
  connectionString: `HostName=${hostName};SharedAccessKeyName=iothubowner;SharedAccessKey=${sharedAccessKey}`,
};

export const device: DeviceToPut = {
  deviceId: 'dev-1',
  status: 'disabled',
  statusReason: 'moving',
  credentials: { type: 'sas', primaryKey: generateSymmetricKey(), secondaryKey: generateSymmetricKey() },
  iotEdge: false,
  twin: {
    tags: { site: 'north' },
    desired: { values: { interval: 5, removed: null }, version: 4, metadata: null },
    reported: { values: { firmware: '1.2' }, version: 9, metadata: null },
  },
};

/** A gateway that trusts the server's authority and has no patience. */
export function openGateway(server: FaultyServer, options: IotHubGatewayOptions = {}): IotHubGateway {
  const limits = { backOffFirstMs: 5, backOffMaxMs: 20, attemptTimeoutMs: 300, callTimeoutMs: 3_000, ...options.limits };
  return new IotHubGateway({ ca: server.ca, portOf: () => server.port, ...options, limits });
}
