import { FastifyRequest } from 'fastify';
import { Actor } from '@app/event-sourcing';
import { isDeviceId } from '../devices/device-id';
import { CallContext } from '../devices/hub-devices';
import { Hub } from '../hub';
import { HubError, unauthorized } from '../hub-error';
import { deviceTokenProblem, HubRight } from './hub-access';

type Caller =
  | { readonly kind: 'policy'; readonly name: string; readonly rights: readonly HubRight[] }
  | { readonly kind: 'device'; readonly deviceId: string };

/** What is known of a request before its body is read: which hub, who asks, and that the credential is genuine. */
export interface HubCall extends CallContext {
  readonly hub: Hub;
  readonly caller: Caller;
}

const calls = new WeakMap<FastifyRequest, HubCall>();

const API_VERSION = /^\d{4}-\d{2}-\d{2}(-preview)?$/;
const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/**
 * To be called for each request before its body is read; `callFrom` then gives the call to the route.
 *
 * Errors: `HubError` IotHubNotFound, InvalidProtocolVersion, IotHubUnauthorizedAccess.
 */
export async function admit(request: FastifyRequest, hubs: ReadonlyMap<string, Hub>): Promise<void> {
  const hub = hubs.get(hostNameOf(request.headers.host));
  if (hub === undefined) throw new HubError('IotHubNotFound', 'no hub of this name is served here');
  const { 'api-version': apiVersion } = request.query as Record<string, unknown>;
  if (typeof apiVersion !== 'string' || !API_VERSION.test(apiVersion)) {
    throw new HubError('InvalidProtocolVersion', 'the query parameter api-version must be a version such as 2021-04-12');
  }
  const caller = await authenticate(request, hub);
  const { 'request-id': requestId } = request.headers;
  const correlationId = typeof requestId === 'string' && REQUEST_ID.test(requestId) ? requestId : request.id;
  calls.set(request, { hub, caller, actor: actorOf(caller), correlationId });
}

async function authenticate(request: FastifyRequest, hub: Hub): Promise<Caller> {
  const [path = ''] = request.url.split(/[?#]/, 1);
  const verdict = hub.access.judge(request.headers.authorization, path, hub.clock());
  switch (verdict.kind) {
    case 'policy':
      return { kind: 'policy', name: verdict.policy.name, rights: verdict.policy.rights };
    case 'refused':
      throw unauthorized(verdict.reason);
    case 'device': {
      const { deviceId, token } = verdict;
      const device = isDeviceId(deviceId) ? await hub.devices.find(deviceId) : undefined;
      if (device === undefined) throw unauthorized('the token is for a device that is not registered');
      if (device.status === 'disabled') throw unauthorized('the device is disabled');
      const problem = deviceTokenProblem(token, hub.keysOf(device));
      if (problem !== undefined) throw unauthorized(problem);
      return { kind: 'device', deviceId };
    }
  }
}

function actorOf(caller: Caller): Actor {
  return caller.kind === 'policy' ? { kind: 'operator', name: caller.name } : { kind: 'device', name: caller.deviceId };
}

/** The call of an admitted request whose policy grants `right`. Errors: `HubError` IotHubUnauthorizedAccess. */
export function callFrom(request: FastifyRequest, right: HubRight): HubCall {
  const call = admitted(request);
  const { caller } = call;
  if (caller.kind === 'device') throw unauthorized('a device may not do this');
  if (!caller.rights.includes(right)) throw unauthorized(`policy ${caller.name} does not grant ${right}`);
  return call;
}

/** The call of the device itself, or of a policy that may act for devices. Errors: `HubError` IotHubUnauthorizedAccess. */
export function deviceCallFrom(request: FastifyRequest, deviceId: string): HubCall {
  const call = admitted(request);
  if (call.caller.kind === 'policy') return callFrom(request, 'DeviceConnect');
  if (call.caller.deviceId !== deviceId) throw unauthorized('the token is for another device');
  return call;
}

function admitted(request: FastifyRequest): HubCall {
  const call = calls.get(request);
  if (call === undefined) throw new Error('the request was not admitted');
  return call;
}

/** Errors: `HubError` ArgumentInvalid when it can be no device id. */
export function deviceIdOf(request: FastifyRequest): string {
  const { deviceId = '' } = request.params as { deviceId?: string };
  if (isDeviceId(deviceId)) return deviceId;
  throw new HubError('ArgumentInvalid', 'the device id is empty, too long or has characters that are not allowed');
}

/** Errors: `HubError` ArgumentInvalid when it can be no module id; the rule is that of device ids. */
export function moduleIdOf(request: FastifyRequest): string {
  const { moduleId = '' } = request.params as { moduleId?: string };
  if (isDeviceId(moduleId)) return moduleId;
  throw new HubError('ArgumentInvalid', 'the module id is empty, too long or has characters that are not allowed');
}

/** The name of a Host header in lower case, without port. */
export function hostNameOf(host: string | undefined): string {
  return (host ?? '').replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
}

/** `*`, the text of an entity tag without quotes, or undefined when the request has no If-Match. */
export function ifMatchOf(request: FastifyRequest): string | undefined {
  const header = request.headers['if-match'];
  return header?.trim().replace(/^(?:W\/)?"(.*)"$/, '$1');
}
