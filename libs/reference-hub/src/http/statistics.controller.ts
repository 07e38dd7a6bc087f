import { Controller, Get, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { JsonObject } from '@app/event-sourcing';
import { callFrom } from '../access/hub-call';

@Controller('statistics')
export class StatisticsController {
  @Get('devices')
  async devices(@Req() request: FastifyRequest): Promise<JsonObject> {
    const { devices } = callFrom(request, 'RegistryRead').hub;
    await devices.directoryComplete();
    const { totalCount, enabledCount, disabledCount } = devices.directory;
    return { totalDeviceCount: totalCount, enabledDeviceCount: enabledCount, disabledDeviceCount: disabledCount };
  }
}
