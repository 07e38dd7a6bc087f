import { Controller, Get, Patch, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { JsonObject } from '@app/event-sourcing';
import { callFrom, deviceIdOf, ifMatchOf, moduleIdOf } from '../access/hub-call';
import { parseTwin } from '../devices/device.requests';
import { Device } from '../devices/device.state';
import { moduleTwinDocument, moduleTwinEtag } from '../devices/module.documents';
import { moduleOf } from './modules.controller';

/** Twins of the modules of edge devices. */
@Controller('twins/:deviceId/modules/:moduleId')
export class ModuleTwinsController {
  @Get()
  async get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<JsonObject> {
    const { hub } = callFrom(request, 'ServiceConnect');
    return answer(await hub.devices.get(deviceIdOf(request)), moduleIdOf(request), reply);
  }

  @Patch()
  patch(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<JsonObject> {
    return write('PatchModuleTwin', request, reply);
  }

  @Put()
  replace(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<JsonObject> {
    return write('ReplaceModuleTwin', request, reply);
  }
}

async function write(
  type: 'PatchModuleTwin' | 'ReplaceModuleTwin',
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<JsonObject> {
  const call = callFrom(request, 'ServiceConnect');
  const { hub } = call;
  const moduleId = moduleIdOf(request);
  const etag = ifMatchOf(request);
  const condition = etag === undefined || etag === '*' ? 'any' : { etag };
  const command = { type, moduleId, ...parseTwin(request.body), condition, at: hub.now() } as const;
  return answer(await hub.devices.write(deviceIdOf(request), command, call), moduleId, reply);
}

function answer(device: Device, moduleId: string, reply: FastifyReply): JsonObject {
  const module = moduleOf(device, moduleId);
  reply.header('etag', `"${moduleTwinEtag(module)}"`);
  return moduleTwinDocument(device, module);
}
