import { Controller, Get, Patch, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { JsonObject } from '@app/event-sourcing';
import { callFrom, deviceIdOf, ifMatchOf } from '../access/hub-call';
import { twinDocument, twinEtag } from '../devices/device.documents';
import { parseTwin } from '../devices/device.requests';
import { Device } from '../devices/device.state';
import { Hub } from '../hub';

/** IoT Hub's device twins as a service sees them. */
@Controller('twins/:deviceId')
export class TwinsController {
  @Get()
  async get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<JsonObject> {
    const { hub } = callFrom(request, 'ServiceConnect');
    return answer(hub, await hub.devices.get(deviceIdOf(request)), reply);
  }

  @Patch()
  patch(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<JsonObject> {
    return write('PatchTwin', request, reply);
  }

  @Put()
  replace(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<JsonObject> {
    return write('ReplaceTwin', request, reply);
  }
}

/** Without If-Match, as with `*`, the write does not ask what was there. */
async function write(type: 'PatchTwin' | 'ReplaceTwin', request: FastifyRequest, reply: FastifyReply): Promise<JsonObject> {
  const call = callFrom(request, 'ServiceConnect');
  const { hub } = call;
  const etag = ifMatchOf(request);
  const condition = etag === undefined || etag === '*' ? 'any' : { etag };
  const command = { type, ...parseTwin(request.body), condition, at: hub.now() } as const;
  return answer(hub, await hub.devices.write(deviceIdOf(request), command, call), reply);
}

function answer(hub: Hub, device: Device, reply: FastifyReply): JsonObject {
  reply.header('etag', `"${twinEtag(device)}"`);
  return twinDocument(device, hub.connections.presenceOf(device.deviceId));
}
