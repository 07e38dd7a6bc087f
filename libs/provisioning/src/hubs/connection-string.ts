import { DpsError } from '../shared/dps-error';

const CONNECTION_STRING_CHARACTERS_MAX = 1_024;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;
const KEY_BYTES_MIN = 16;

/** Bad form; the message never repeats the string. A 400 on the compatible routes as well. */
export class InvalidConnectionString extends DpsError {
  constructor(reason: string) {
    super(400004, `The connection string of the hub is not valid: ${reason}.`);
    this.name = 'InvalidConnectionString';
  }
}

/** Host name, in lower case, of an IoT Hub connection string that has all its parts. Error: `InvalidConnectionString`. */
export function hostNameOfConnectionString(connectionString: string): string {
  if (connectionString.length > CONNECTION_STRING_CHARACTERS_MAX) throw new InvalidConnectionString('it is too long');
  const parts = new Map<string, string>();
  for (const part of connectionString.split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0) parts.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  const hostName = (parts.get('hostname') ?? '').toLowerCase();
  if (!HOST_NAME.test(hostName)) throw new InvalidConnectionString('HostName is missing or not a host name');
  if ((parts.get('sharedaccesskeyname') ?? '') === '') throw new InvalidConnectionString('SharedAccessKeyName is missing');
  const key = parts.get('sharedaccesskey') ?? '';
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(key) || Buffer.from(key, 'base64').length < KEY_BYTES_MIN) {
    throw new InvalidConnectionString(`SharedAccessKey is not base64 of at least ${KEY_BYTES_MIN} bytes`);
  }
  return hostName;
}
