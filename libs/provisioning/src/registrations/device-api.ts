import { randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { DeviceAnswer, DeviceCaller, DeviceService } from '@app/device-protocols';
import { DpsError, dpsErrorBody } from '../shared/dps-error';
import { asDpsError } from '../shared/dps-error.filter';
import { RegisterDevice } from './registration.commands';
import { OperationStatus } from './registration.document';
import { AttestDevice, GetOperation, GetRegistration } from './registration.queries';
import { RegistrationSettings } from './registration.settings';
import { DeviceCall, parseDeviceCall, parseDeviceRegistration, presentingTpm } from './registrations.dto';

/** From this status on the device may try again. */
const TRY_AGAIN = 429;

type Attempt<Value> = { readonly value: Value; readonly failure?: undefined } | { readonly failure: DeviceAnswer };

/** The device API for edges that are not HTTP: the same commands and queries, the same documents, errors as answers. */
@Injectable()
export class DeviceApi implements DeviceService {
  private readonly logger = new Logger('requests');

  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly settings: RegistrationSettings,
  ) {}

  async refusal(caller: DeviceCaller): Promise<DeviceAnswer | undefined> {
    const result = await this.attempt(caller, (call) => this.queries.execute(new AttestDevice(call)));
    return result.failure;
  }

  /** Always 202, as over HTTPS. */
  register(caller: DeviceCaller, body: unknown): Promise<DeviceAnswer> {
    return this.answer(caller, async (call) => {
      const { payload, tpm } = parseDeviceRegistration(body, call.registrationId);
      const status = await this.commands.execute(new RegisterDevice(presentingTpm(call, tpm), payload));
      return this.operationAnswer(202, status);
    });
  }

  operation(caller: DeviceCaller, operationId: string): Promise<DeviceAnswer> {
    return this.answer(caller, async (call) => {
      const status = await this.queries.execute(new GetOperation(call, operationId));
      return this.operationAnswer(status.status === 'assigning' ? 202 : 200, status);
    });
  }

  lookUp(caller: DeviceCaller, body: unknown): Promise<DeviceAnswer> {
    return this.answer(caller, async (call) => {
      const { tpm } = parseDeviceRegistration(body, call.registrationId);
      const result = await this.queries.execute(new GetRegistration(presentingTpm(call, tpm)));
      return { status: 200, retryAfterS: undefined, body: result };
    });
  }

  malformed(caller: DeviceCaller, problem: string): DeviceAnswer {
    return this.errorAnswer(DpsError.badRequest(problem), caller, randomUUID());
  }

  private async answer(caller: DeviceCaller, act: (call: DeviceCall) => Promise<DeviceAnswer>): Promise<DeviceAnswer> {
    const result = await this.attempt(caller, act);
    return result.failure ?? result.value;
  }

  private async attempt<Value>(caller: DeviceCaller, act: (call: DeviceCall) => Promise<Value>): Promise<Attempt<Value>> {
    const correlationId = randomUUID();
    const { authorization, certificates, tpm = null } = caller;
    try {
      return { value: await act(parseDeviceCall({ ...caller, presented: { authorization, certificates, tpm }, correlationId })) };
    } catch (error) {
      return { failure: this.errorAnswer(error, caller, correlationId) };
    }
  }

  private operationAnswer(status: number, body: OperationStatus): DeviceAnswer {
    return { status, retryAfterS: body.status === 'assigning' ? this.settings.retryAfterS : undefined, body };
  }

  private errorAnswer(exception: unknown, caller: DeviceCaller, trackingId: string): DeviceAnswer {
    const error = asDpsError(exception);
    const { transport, remoteAddress } = caller;
    const entry = { trackingId, transport, remoteAddress, errorCode: error.errorCode, reason: error.logReason };
    if (error.status < 500) this.logger.warn(entry);
    else this.logger.error(exception instanceof Error ? { ...entry, stack: exception.stack } : entry);
    const retryAfterS = error.status >= TRY_AGAIN ? this.settings.retryAfterS : undefined;
    return { status: error.status, retryAfterS, body: dpsErrorBody(error, trackingId, new Date()) };
  }
}
