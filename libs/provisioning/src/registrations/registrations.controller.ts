import { Body, Controller, Get, Headers, HttpCode, Param, Post, Put, Query, Req, Res, UseFilters } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { presentedChainOf } from '@app/device-protocols';
import { DpsErrorFilter } from '../shared/dps-error.filter';
import { RegisterDevice } from './registration.commands';
import { OperationStatus, RegistrationResult } from './registration.document';
import { GetOperation, GetRegistration } from './registration.queries';
import { DeviceCall, parseDeviceCall, parseDeviceRegistration, presentingTpm } from './registrations.dto';
import { RegistrationSettings } from './registration.settings';
import { TpmChallengeFilter } from './tpm-challenge';

/** The device API over HTTPS, every api-version (wire contract §1): routes R1 to R3. */
@Controller(':idScope/registrations/:registrationId')
// The filter for everything comes first, so that the particular one is asked before it.
@UseFilters(DpsErrorFilter, TpmChallengeFilter)
export class RegistrationsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly settings: RegistrationSettings,
  ) {}

  /** R1. Always 202, even when the assignment is finished: IoT Edge accepts nothing else, and every SDK client takes it. */
  @Put('register')
  @HttpCode(202)
  async register(
    @Param() params: Record<string, string>,
    @Query('api-version') apiVersion: string | undefined,
    @Headers('user-agent') userAgent: string | undefined,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OperationStatus> {
    const call = this.callOf(params, apiVersion, userAgent, request);
    const { payload, tpm } = parseDeviceRegistration(body, call.registrationId);
    const status = await this.commands.execute(new RegisterDevice(presentingTpm(call, tpm), payload));
    reply.header('location', `https://${request.headers.host ?? ''}${request.url.split('?', 1)[0] ?? ''}`);
    this.advise(reply, status);
    return status;
  }

  /** R2. */
  @Get('operations/:operationId')
  async operation(
    @Param() params: Record<string, string>,
    @Query('api-version') apiVersion: string | undefined,
    @Headers('user-agent') userAgent: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OperationStatus> {
    const call = this.callOf(params, apiVersion, userAgent, request);
    const status = await this.queries.execute(new GetOperation(call, params.operationId ?? ''));
    reply.status(status.status === 'assigning' ? 202 : 200);
    this.advise(reply, status);
    return status;
  }

  /** R3: looks the registration up without starting anything. */
  @Post()
  @HttpCode(200)
  async lookUp(
    @Param() params: Record<string, string>,
    @Query('api-version') apiVersion: string | undefined,
    @Headers('user-agent') userAgent: string | undefined,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<RegistrationResult> {
    const call = this.callOf(params, apiVersion, userAgent, request);
    const { tpm } = parseDeviceRegistration(body, call.registrationId);
    return this.queries.execute(new GetRegistration(presentingTpm(call, tpm)));
  }

  private callOf(
    params: Record<string, string>,
    apiVersion: string | undefined,
    userAgent: string | undefined,
    request: FastifyRequest,
  ): DeviceCall {
    return parseDeviceCall({
      idScope: params.idScope,
      registrationId: params.registrationId,
      apiVersion,
      clientVersion: userAgent,
      presented: { authorization: request.headers.authorization, certificates: presentedChainOf(request.raw), tpm: null },
      correlationId: request.id,
      transport: 'https',
      remoteAddress: request.raw.socket.remoteAddress,
    });
  }

  private advise(reply: FastifyReply, status: OperationStatus): void {
    reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains');
    if (status.status === 'assigning') reply.header('retry-after', String(this.settings.retryAfterS));
  }
}
