import { Controller, Delete, Get, HttpCode, Patch, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { JsonObject } from '@app/event-sourcing';
import { callFrom, deviceCallFrom, deviceIdOf, HubCall, ifMatchOf, moduleIdOf } from '../access/hub-call';
import { parseModule, parseReported, sasCredentials } from '../devices/device.requests';
import { Device } from '../devices/device.state';
import { moduleDocument, moduleEtag } from '../devices/module.documents';
import { findModule, Module } from '../devices/module.state';
import { HubError } from '../hub-error';

/** Identities of the modules of edge devices. */
@Controller('devices/:deviceId/modules')
export class ModulesController {
  @Get()
  async list(@Req() request: FastifyRequest): Promise<JsonObject[]> {
    const { hub } = callFrom(request, 'RegistryRead');
    const device = await hub.devices.get(deviceIdOf(request));
    return device.modules.map((module) => moduleDocument(device, module, hub.secrets));
  }

  @Get(':moduleId')
  async get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<JsonObject> {
    const call = callFrom(request, 'RegistryRead');
    const device = await call.hub.devices.get(deviceIdOf(request));
    return answer(call, device, moduleIdOf(request), reply);
  }

  /** Creates without If-Match, updates with it. */
  @Put(':moduleId')
  async put(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<JsonObject> {
    const call = callFrom(request, 'RegistryWrite');
    const { hub } = call;
    const [deviceId, moduleId] = [deviceIdOf(request), moduleIdOf(request)];
    const given = parseModule(request.body, deviceId, moduleId, hub.secrets);
    const etag = ifMatchOf(request);
    const at = hub.now();
    if (etag !== undefined) {
      const condition = etag === '*' ? 'any' : { etag };
      const command = { type: 'UpdateModule', moduleId, ...given, condition, at } as const;
      return answer(call, await hub.devices.write(deviceId, command, call), moduleId, reply);
    }
    const { managedBy = null, credentials = sasCredentials('', '', hub.secrets) } = given;
    const generationId = hub.newGenerationId();
    const command = { type: 'CreateModule', moduleId, generationId, managedBy, credentials, at } as const;
    return answer(call, await hub.devices.write(deviceId, command, call), moduleId, reply);
  }

  @Delete(':moduleId')
  @HttpCode(204)
  async delete(@Req() request: FastifyRequest): Promise<void> {
    const call = callFrom(request, 'RegistryWrite');
    const etag = ifMatchOf(request);
    const condition = etag === undefined || etag === '*' ? 'any' : { etag };
    const command = { type: 'DeleteModule', moduleId: moduleIdOf(request), condition, at: call.hub.now() } as const;
    await call.hub.devices.execute(deviceIdOf(request), command, call);
  }

  /** What a module reports, through its device: modules do not connect to this hub themselves. */
  @Patch(':moduleId/properties/reported')
  @HttpCode(204)
  async report(@Req() request: FastifyRequest): Promise<void> {
    const deviceId = deviceIdOf(request);
    const call = deviceCallFrom(request, deviceId);
    const moduleId = moduleIdOf(request);
    const patch = parseReported(request.body);
    const command = { type: 'ReportModuleProperties', moduleId, patch, at: call.hub.now() } as const;
    await call.hub.devices.execute(deviceId, command, call);
  }
}

/** Errors: `HubError` ModuleNotFound. */
export function moduleOf({ modules }: Device, moduleId: string): Module {
  const module = findModule(modules, moduleId);
  if (module === undefined) throw new HubError('ModuleNotFound', 'the device has no such module');
  return module;
}

function answer({ hub }: HubCall, device: Device, moduleId: string, reply: FastifyReply): JsonObject {
  const module = moduleOf(device, moduleId);
  reply.header('etag', `"${moduleEtag(module)}"`);
  return moduleDocument(device, module, hub.secrets);
}
