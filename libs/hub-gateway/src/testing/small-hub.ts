import { randomUUID } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { JsonObject } from '@app/event-sourcing';
import { DeviceToPut, HubDevice, IdentityPatch } from '../hub-gateway';

/** A refusal as a hub words it. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(code);
  }
}

interface Call {
  readonly method: string;
  readonly deviceId: string;
  readonly body: unknown;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** A hub of a few rules in memory: the registry as IoT Hub words it, and the extension when it is switched on. */
export class SmallHub {
  readonly devices = new Map<string, HubDevice>();
  readonly authorizations: string[] = [];
  extension = true;
  private revision = 0;

  readonly handler = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => this.answer(request, response, Buffer.concat(chunks).toString()));
  };

  /** A back end changes a tag behind the service's back. */
  touch(deviceId: string): void {
    const device = this.existing(deviceId);
    this.store({ ...device, twin: { ...device.twin, tags: { ...device.twin.tags, touched: ++this.revision } } });
  }

  private answer(request: IncomingMessage, response: ServerResponse, text: string): void {
    this.authorizations.push(request.headers.authorization ?? '');
    const [, collection = '', ...rest] = new URL(request.url ?? '/', 'https://hub').pathname.split('/');
    const extended = collection === 'rehome';
    const [first = '', second = ''] = rest;
    try {
      if (extended && !this.extension) throw new Refusal(404, 'RouteNotFound');
      const ifNoneMatch = request.headers['if-none-match'];
      const ifMatch = request.headers['if-match'];
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      const deviceId = decodeURIComponent(extended ? second : first);
      const call: Call = { method: request.method ?? '', deviceId, body, ifMatch, ifNoneMatch };
      const result = extended ? this.extended(first, call) : collection === 'twins' ? this.twin(call) : this.identity(call);
      if (result === undefined) response.writeHead(204).end();
      else response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(result));
    } catch (error) {
      const { status, code } = error instanceof Refusal ? error : new Refusal(400, 'ArgumentInvalid');
      const refused = { Message: `ErrorCode:${code};it was refused`, ExceptionMessage: `Tracking ID:${randomUUID()}` };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(refused));
    }
  }

  private extended(resource: string, { method, deviceId, body, ifMatch, ifNoneMatch }: Call): unknown {
    if (resource === 'capabilities') return { carriesWholeTwin: true };
    const there = this.devices.get(deviceId);
    if (method === 'PUT' && ifNoneMatch === '*') {
      if (there !== undefined) throw new Refusal(409, 'DeviceAlreadyExists');
      return this.store({ ...(body as DeviceToPut), generationId: randomUUID(), tag: '' });
    }
    if (there === undefined) throw new Refusal(404, 'DeviceNotFound');
    if (method === 'GET') return there;
    if (ifMatch !== `"${there.tag}"`) throw new Refusal(412, 'PreconditionFailed');
    if (method === 'DELETE') return void this.devices.delete(deviceId);
    return this.store({ ...there, ...(body as DeviceToPut | IdentityPatch) });
  }

  private identity({ method, deviceId, body, ifMatch }: Call): unknown {
    const there = this.devices.get(deviceId);
    if (method === 'PUT' && ifMatch === undefined) {
      if (there !== undefined) throw new Refusal(409, 'DeviceAlreadyExists');
      const section = { values: {}, version: 1, metadata: null };
      const twin = { tags: {}, desired: section, reported: section };
      return identityOf(this.store({ ...fromIdentity(deviceId, body), generationId: randomUUID(), twin, tag: '' }));
    }
    const device = this.existing(deviceId);
    if (method === 'GET') return identityOf(device);
    if (ifMatch !== `"${identityOf(device).etag}"`) throw new Refusal(412, 'PreconditionFailed');
    if (method === 'DELETE') return void this.devices.delete(deviceId);
    return identityOf(this.store({ ...device, ...fromIdentity(deviceId, body) }));
  }

  private twin({ method, deviceId, body, ifMatch }: Call): unknown {
    const device = this.existing(deviceId);
    if (method === 'GET') return twinOf(device);
    if (ifMatch !== '"*"' && ifMatch !== `"${device.tag}"`) throw new Refusal(412, 'PreconditionFailed');
    const { tags, properties } = body as { tags: JsonObject; properties: { desired: JsonObject } };
    const desired = { values: properties.desired, version: device.twin.desired.version + 1, metadata: null };
    return twinOf(this.store({ ...device, twin: { ...device.twin, tags, desired } }));
  }

  private existing(deviceId: string): HubDevice {
    const device = this.devices.get(deviceId);
    if (device === undefined) throw new Refusal(404, 'DeviceNotFound');
    return device;
  }

  private store(device: HubDevice): HubDevice {
    const stored = { ...device, tag: `t${++this.revision}` };
    this.devices.set(device.deviceId, stored);
    return stored;
  }
}

type IdentityPart = Omit<HubDevice, 'twin' | 'tag' | 'generationId'>;

function fromIdentity(deviceId: string, body: unknown): IdentityPart {
  const given = body as {
    status: HubDevice['status'];
    statusReason?: string | null;
    authentication: { symmetricKey: { primaryKey: string; secondaryKey: string } };
    capabilities: { iotEdge: boolean };
  };
  return {
    deviceId,
    status: given.status,
    statusReason: given.statusReason ?? null,
    credentials: { type: 'sas', ...given.authentication.symmetricKey },
    iotEdge: given.capabilities.iotEdge,
  };
}

/** The identity's etag changes with the identity alone, as the cloud's does. */
function identityOf(device: HubDevice) {
  const { deviceId, generationId, status, statusReason, credentials, iotEdge } = device;
  const { primaryKey, secondaryKey } = credentials?.type === 'sas' ? credentials : { primaryKey: '', secondaryKey: '' };
  const etag = Buffer.from(JSON.stringify([generationId, status, statusReason, credentials, iotEdge])).toString('base64url');
  const authentication = { type: 'sas', symmetricKey: { primaryKey, secondaryKey } };
  return { deviceId, generationId, etag, status, statusReason, authentication, capabilities: { iotEdge } };
}

function twinOf({ deviceId, tag, twin: { tags, desired, reported } }: HubDevice): unknown {
  const section = ({ values, version }: typeof desired) => ({ ...values, $metadata: {}, $version: version });
  return { deviceId, etag: tag, tags, properties: { desired: section(desired), reported: section(reported) } };
}
