import { Answer, OperationAnswer, call, deviceKeyOf, sasToken } from './clients';
import { RunningService } from './running-service';

export const VERSION = '2019-03-31';

export interface Enrolled {
  readonly registrationId: string;
  /** The device's own keys, base64. */
  readonly key: string;
  readonly secondaryKey: string;
}

export type Device = Pick<Enrolled, 'registrationId' | 'key'>;

/** A device of a group of symmetric keys. */
export const memberOf = (groupKey: string, registrationId: string): Device => ({
  registrationId,
  key: deviceKeyOf(groupKey, registrationId),
});

interface Keys {
  readonly symmetricKey: { readonly primaryKey: string; readonly secondaryKey: string };
}

export interface RegisterRequest {
  /** Instead of the register route of the device. */
  readonly path?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly apiVersion?: string;
}

/** What devices and their administrator send to one running service, byte by byte. */
export class DeviceCalls {
  private devices = 0;

  constructor(readonly service: RunningService) {}

  async enroll(overrides: object = {}, registrationId = `device-${++this.devices}`): Promise<Enrolled> {
    const entry = { registrationId, attestation: { type: 'symmetricKey' }, ...overrides };
    const { responseBody } = await this.service.administrator.createOrUpdateIndividualEnrollment(entry as never);
    const { primaryKey, secondaryKey } = (responseBody.attestation as unknown as Keys).symmetricKey;
    return { registrationId, key: primaryKey, secondaryKey };
  }

  /** The group's primary key. */
  async enrollGroup(enrollmentGroupId: string, overrides: object = {}): Promise<string> {
    const group = { enrollmentGroupId, attestation: { type: 'symmetricKey' }, ...overrides };
    const { responseBody } = await this.service.administrator.createOrUpdateEnrollmentGroup(group as never);
    return (responseBody.attestation as unknown as Keys).symmetricKey.primaryKey;
  }

  tokenFor({ registrationId, key }: Device, lifetimeSeconds?: number): string {
    return sasToken(`${this.service.facts.idScope}/registrations/${registrationId}`, key, 'registration', lifetimeSeconds);
  }

  /** R1. */
  put(device: Device, { path, body, headers, apiVersion = VERSION }: RegisterRequest = {}): Promise<Answer> {
    const { registrationId } = device;
    const register = `${this.base(registrationId)}/register?api-version=${apiVersion}`;
    return this.send('PUT', path ?? register, device, body ?? { registrationId }, headers);
  }

  async register(device: Device, request?: RegisterRequest): Promise<OperationAnswer> {
    return (await this.put(device, request)).json() as OperationAnswer;
  }

  /** R2. */
  poll(device: Device, operationId: string, body?: string): Promise<Answer> {
    return this.send('GET', `${this.base(device.registrationId)}/operations/${operationId}?api-version=${VERSION}`, device, body);
  }

  /** R3. */
  lookUp(device: Device): Promise<Answer> {
    const { registrationId } = device;
    return this.send('POST', `${this.base(registrationId)}?api-version=${VERSION}`, device, { registrationId });
  }

  /** What the service's own log has of a device, oldest first. */
  events(registrationId: string): Promise<Answer> {
    return this.service.manage('GET', `/devices/${registrationId}/history?twin=false&order=asc`);
  }

  private base(registrationId: string): string {
    return `/${this.service.facts.idScope}/registrations/${registrationId}`;
  }

  private send(
    method: string,
    path: string,
    device: Device,
    body: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const authorization = this.tokenFor(device);
    return call(this.service.endpoint, { method, host: this.service.host, path, headers: { authorization, ...headers }, body });
  }
}

/** An error of the compatible routes in full; gives its message. */
export async function expectError(answer: Promise<Answer>, errorCode: number): Promise<string> {
  const { status, headers, text } = await answer;
  expect({ status, text }).toMatchObject({ status: Math.floor(errorCode / 1000) });
  const body = JSON.parse(text) as Record<string, unknown>;
  expect(body).toMatchObject({ errorCode, trackingId: headers['x-ms-request-id'] });
  expect(typeof body.timestampUtc).toBe('string');
  expect(headers['x-ms-error-code']).toBe(String(errorCode));
  expect(headers['content-type']).toContain('application/json');
  return String(body.message);
}
