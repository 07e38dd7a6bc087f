import { Controller, Get, HttpCode, Patch, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { JsonObject } from '@app/event-sourcing';
import { deviceCallFrom, deviceIdOf } from '../access/hub-call';
import { deviceTwinDocument } from '../devices/device.documents';
import { parseReported } from '../devices/device.requests';

/** What a device does over MQTT at the cloud's hub, by HTTPS and with its own token. */
@Controller('devices/:deviceId')
export class DeviceSideController {
  @Get('twin')
  async twin(@Req() request: FastifyRequest): Promise<JsonObject> {
    const deviceId = deviceIdOf(request);
    const { hub } = deviceCallFrom(request, deviceId);
    return deviceTwinDocument(await hub.devices.get(deviceId));
  }

  /** A JSON merge patch, as MQTT carries it. */
  @Patch('properties/reported')
  @HttpCode(204)
  async report(@Req() request: FastifyRequest): Promise<void> {
    const deviceId = deviceIdOf(request);
    const call = deviceCallFrom(request, deviceId);
    const { hub } = call;
    const command = { type: 'ReportProperties', patch: parseReported(request.body), at: hub.now() } as const;
    await hub.devices.execute(deviceId, command, call);
  }
}
