import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { callFrom, deviceIdOf } from '../access/hub-call';
import type { MethodAnswer } from '../connections/device-session';
import { unauthorized } from '../hub-error';
import { parseMethodCall } from './method-calls';

/** Direct methods: a service asks, the connected device answers, the service gets the answer. */
@Controller('twins/:deviceId/methods')
export class MethodsController {
  @Post()
  @HttpCode(200)
  async invoke(@Req() request: FastifyRequest): Promise<MethodAnswer> {
    const { hub } = callFrom(request, 'ServiceConnect');
    const deviceId = deviceIdOf(request);
    const { call, connectTimeoutMs } = parseMethodCall(request.body);
    const device = await hub.devices.get(deviceId);
    if (device.status === 'disabled') throw unauthorized('the device is disabled');
    return hub.connections.invoke(deviceId, call, connectTimeoutMs);
  }
}
