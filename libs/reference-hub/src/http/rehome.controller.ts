import { Controller, Delete, Get, HttpCode, Patch, Post, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { JsonObject } from '@app/event-sourcing';
import { callFrom, deviceIdOf, HubCall, ifMatchOf } from '../access/hub-call';
import type { Telemetry } from '../connections/telemetry-counter';
import { wholeDeviceDocument } from '../devices/device.documents';
import { parse, parseWholeDevice, parseWholeIdentityPatch } from '../devices/device.requests';
import { Device } from '../devices/device.state';
import { tagOf } from '../devices/entity-tag';
import { HubError } from '../hub-error';

/**
 * What IoT Hub's own interface lacks for a move that loses nothing: a device read and written as a whole, reported properties and
 * section versions included, in one step and on one condition.
 */
@Controller('rehome')
export class RehomeController {
  @Get('capabilities')
  capabilities(@Req() request: FastifyRequest): JsonObject {
    callFrom(request, 'RegistryWrite');
    return { carriesWholeTwin: true };
  }

  @Get('devices/:deviceId')
  async get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<JsonObject> {
    const call = callFrom(request, 'RegistryWrite');
    return answer(call, await call.hub.devices.get(deviceIdOf(request)), reply);
  }

  /** Telemetry that the device has sent since the hub started, counted, with the last message. */
  @Get('devices/:deviceId/telemetry')
  async telemetry(@Req() request: FastifyRequest): Promise<Telemetry> {
    const { hub } = callFrom(request, 'ServiceConnect');
    return hub.connections.telemetry.of((await hub.devices.get(deviceIdOf(request))).deviceId);
  }

  @Put('devices/:deviceId')
  async put(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<JsonObject> {
    const call = callFrom(request, 'RegistryWrite');
    const { hub } = call;
    const deviceId = deviceIdOf(request);
    const condition = request.headers['if-none-match'] === '*' ? 'absent' : conditionOf(request);
    const device = parseWholeDevice(request.body, deviceId, hub.secrets, () => hub.newGenerationId());
    const generationId = hub.newGenerationId();
    const command = { type: 'ImportDevice', ...device, generationId, condition, at: hub.now() } as const;
    return answer(call, await hub.devices.write(deviceId, command, call), reply);
  }

  @Patch('devices/:deviceId')
  async patch(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<JsonObject> {
    const call = callFrom(request, 'RegistryWrite');
    const { hub } = call;
    const condition = conditionOf(request);
    const identity = parseWholeIdentityPatch(request.body, hub.secrets);
    const command = { type: 'UpdateIdentity', identity, condition, at: hub.now() } as const;
    return answer(call, await hub.devices.write(deviceIdOf(request), command, call), reply);
  }

  /** Everything that is known of the device becomes unreadable; one that is there is deleted before if that is said, and kept otherwise. */
  @Post('devices/:deviceId/erase')
  @HttpCode(204)
  async erase(@Req() request: FastifyRequest): Promise<void> {
    const call = callFrom(request, 'RegistryWrite');
    const deviceId = deviceIdOf(request);
    const { deletes } = parse(z.object({ deletes: z.boolean() }), request.body);
    const isThere = (await call.hub.devices.find(deviceId)) !== undefined;
    if (isThere && !deletes)
      throw new HubError('DeviceAlreadyExists', 'there is a device by that id, and it is not to be deleted');
    if (isThere) await call.hub.devices.execute(deviceId, { type: 'DeleteDevice', condition: 'any', at: call.hub.now() }, call);
    await call.hub.devices.erase(deviceId);
  }

  @Delete('devices/:deviceId')
  @HttpCode(204)
  async delete(@Req() request: FastifyRequest): Promise<void> {
    const call = callFrom(request, 'RegistryWrite');
    const command = { type: 'DeleteDevice', condition: conditionOf(request), at: call.hub.now() } as const;
    await call.hub.devices.execute(deviceIdOf(request), command, call);
  }
}

/** A write without a condition would be a mistake here, so there is none: whoever means any state says `*`. */
function conditionOf(request: FastifyRequest): 'any' | { readonly tag: string } {
  const tag = ifMatchOf(request);
  if (tag === undefined) throw new HubError('ArgumentNull', 'If-Match with the tag of the device is missing');
  return tag === '*' ? 'any' : { tag };
}

function answer({ hub }: HubCall, device: Device, reply: FastifyReply): JsonObject {
  reply.header('etag', `"${tagOf(device)}"`);
  return wholeDeviceDocument(device, hub.secrets);
}
