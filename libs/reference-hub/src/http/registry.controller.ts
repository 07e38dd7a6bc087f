import { Controller, Delete, Get, HttpCode, Post, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { JsonObject } from '@app/event-sourcing';
import { callFrom, deviceIdOf, HubCall, ifMatchOf } from '../access/hub-call';
import { runBulk } from '../devices/bulk-operations';
import { identityDocument, identityEtag } from '../devices/device.documents';
import { QueryPage, runQuery } from '../query/run-query';
import { parseIdentity, sasCredentials } from '../devices/device.requests';
import { Device } from '../devices/device.state';
import { HubError } from '../hub-error';

const LIST_DEVICES_MAX = 1000;

/** IoT Hub's identity registry. */
@Controller('devices')
export class RegistryController {
  @Get()
  async list(@Req() request: FastifyRequest): Promise<JsonObject[]> {
    const { hub } = callFrom(request, 'RegistryRead');
    const devices = await hub.devices.list(undefined, topOf(request));
    return devices.map((device) => identityDocument(device, hub.secrets, hub.connections.presenceOf(device.deviceId)));
  }

  @Post()
  async bulk(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<JsonObject> {
    const result = await runBulk(callFrom(request, 'RegistryWrite'), request.body);
    reply.status(result.isSuccessful === true ? 200 : 400);
    return result;
  }

  @Post('query')
  @HttpCode(200)
  async query(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<QueryPage['items']> {
    const { hub } = callFrom(request, 'RegistryRead');
    const { 'x-ms-max-item-count': pageSize, 'x-ms-continuation': continuation } = request.headers;
    const page = await runQuery(hub, request.body, single(pageSize), single(continuation));
    reply.header('x-ms-item-type', page.itemType);
    if (page.continuation !== undefined) reply.header('x-ms-continuation', page.continuation);
    return page.items;
  }

  @Get(':deviceId')
  async get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<JsonObject> {
    const call = callFrom(request, 'RegistryRead');
    return answer(call, await call.hub.devices.get(deviceIdOf(request)), reply);
  }

  /** Creates without If-Match, updates with it. */
  @Put(':deviceId')
  async put(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<JsonObject> {
    const call = callFrom(request, 'RegistryWrite');
    const { hub } = call;
    const deviceId = deviceIdOf(request);
    const identity = parseIdentity(request.body, deviceId, hub.secrets);
    const etag = ifMatchOf(request);
    const at = hub.now();
    if (etag !== undefined) {
      const condition = etag === '*' ? 'any' : { etag };
      return answer(call, await hub.devices.write(deviceId, { type: 'UpdateIdentity', identity, condition, at }, call), reply);
    }
    const { credentials = sasCredentials('', '', hub.secrets) } = identity;
    const created = await hub.devices.write(
      deviceId,
      {
        type: 'CreateDevice',
        deviceId,
        generationId: hub.newGenerationId(),
        identity: { ...identity, credentials },
        tags: {},
        desired: {},
        at,
      },
      call,
    );
    return answer(call, created, reply);
  }

  @Delete(':deviceId')
  @HttpCode(204)
  async delete(@Req() request: FastifyRequest): Promise<void> {
    const call = callFrom(request, 'RegistryWrite');
    const etag = ifMatchOf(request);
    const condition = etag === undefined || etag === '*' ? 'any' : { etag };
    await call.hub.devices.execute(deviceIdOf(request), { type: 'DeleteDevice', condition, at: call.hub.now() }, call);
  }
}

function answer({ hub }: HubCall, device: Device, reply: FastifyReply): JsonObject {
  reply.header('etag', `"${identityEtag(device)}"`);
  return identityDocument(device, hub.secrets, hub.connections.presenceOf(device.deviceId));
}

function topOf(request: FastifyRequest): number {
  const { top } = request.query as Record<string, unknown>;
  if (top === undefined) return LIST_DEVICES_MAX;
  const count = typeof top === 'string' && /^\d{1,9}$/.test(top) ? Number(top) : 0;
  if (count < 1) throw new HubError('ArgumentInvalid', 'top must be a whole number from 1');
  return Math.min(count, LIST_DEVICES_MAX);
}

const single = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header);
