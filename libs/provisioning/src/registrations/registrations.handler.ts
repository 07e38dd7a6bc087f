import { Inject } from '@nestjs/common';
import { CommandHandler, ICommandHandler, IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { VersionedState } from '@app/event-sourcing';
import { DpsError } from '../shared/dps-error';
import { holds, parseIfMatch } from '../shared/etag';
import { CLOCK } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { AllocationFacts } from './allocation.facts';
import { Register } from './assignment.rules';
import { AssignmentProcess } from './assignment.process';
import { DeviceAttestation } from './device-attestation';
import { operationIdFor } from './operation-id';
import { DeleteRegistration, RegisterDevice } from './registration.commands';
import { OperationStatus, RegistrationResult, operationStatus, resultOf, withTpmKey } from './registration.document';
import { GetOperation, GetRegistration } from './registration.queries';
import { RegistrationEvent } from './registration.events';
import { RegistrationSettings } from './registration.settings';
import { RegistrationState } from './registration.state';
import { RegistrationStore } from './registration.store';
import { TpmKeys } from './tpm-keys';

/** Gathers the facts a decision needs, has it decided, sets the process manager going, and waits a little for it. */
@CommandHandler(RegisterDevice)
export class RegisterDeviceHandler implements ICommandHandler<RegisterDevice> {
  constructor(
    private readonly attestation: DeviceAttestation,
    private readonly allocation: AllocationFacts,
    private readonly registrations: RegistrationStore,
    private readonly process: AssignmentProcess,
    private readonly settings: RegistrationSettings,
    private readonly tpmKeys: TpmKeys,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ call, payload }: RegisterDevice): Promise<OperationStatus> {
    const { registrationId, client, context } = call;
    const device = await this.attestation.attestToRegister(call);
    const { key, x509, tpm } = device;
    const attestation = { type: device.entry.attestation.type, key, x509, tpm };
    const facts = await this.allocation.gather({
      registrationId,
      enrollment: device,
      attestation,
      payload,
      remoteAddress: call.remoteAddress,
      state: async () => (await this.registrations.read(registrationId)).state,
      callWebhook: true,
    });
    const register: Register = {
      type: 'Register',
      operationId: operationIdFor(registrationId, context.correlationId),
      registrationId,
      at: this.clock().toISOString(),
      request: { ...client, payload },
      attestation,
      ...facts,
    };
    const { state, revision, events } = await this.registrations.handle(registrationId, register, context);
    for (const event of events) if (event.type === 'AssignmentStarted') this.noteAssigned(event);
    return asOperation(await this.settled(registrationId, { state, revision }), this.tpmKeys);
  }

  private noteAssigned({ data: { plan, registrationId } }: Extract<RegistrationEvent, { type: 'AssignmentStarted' }>): void {
    if (plan.action === 'create' || plan.action === 'migrate' || (plan.action === 'reset' && plan.from !== plan.to)) {
      this.allocation.noteAssigned(plan.to, registrationId);
    }
  }

  private async settled(
    registrationId: string,
    decided: VersionedState<RegistrationState>,
  ): Promise<VersionedState<RegistrationState>> {
    if (decided.state.status !== 'assigning') return decided;
    const finished = this.process.run(registrationId);
    if (this.settings.registerWaitMs === 0) return decided;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>(
      (resolve) => (timer = setTimeout(() => resolve(undefined), this.settings.registerWaitMs)),
    );
    const state = await Promise.race([finished, late]);
    clearTimeout(timer);
    return state === undefined ? decided : this.registrations.readRecent(registrationId);
  }
}

@CommandHandler(DeleteRegistration)
export class DeleteRegistrationHandler implements ICommandHandler<DeleteRegistration> {
  constructor(
    private readonly registrations: RegistrationStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ registrationId, ifMatch, context }: DeleteRegistration): Promise<void> {
    const { state } = await this.registrations.read(registrationId);
    if (state.status === 'unassigned') throw DpsError.notFound('Registration not found.');
    const condition = parseIfMatch(ifMatch);
    const admit = (revision: bigint | undefined): void => {
      if (!holds(condition, revision)) throw DpsError.preconditionFailed('The registration is not as the If-Match header says.');
    };
    await this.registrations.handle(registrationId, { type: 'DeleteRecord', at: this.clock().toISOString() }, context, admit);
  }
}

@QueryHandler(GetOperation)
export class GetOperationHandler implements IQueryHandler<GetOperation> {
  constructor(
    private readonly attestation: DeviceAttestation,
    private readonly registrations: RegistrationStore,
    private readonly tpmKeys: TpmKeys,
  ) {}

  async execute({ call, operationId }: GetOperation): Promise<OperationStatus> {
    const [current] = await Promise.all([this.registrations.read(call.registrationId), this.attestation.attest(call)]);
    if (current.state.status !== 'unassigned' && current.state.operationId === operationId)
      return asOperation(current, this.tpmKeys);
    const earlier = await this.registrations.readOperation(call.registrationId, operationId);
    if (earlier === undefined) throw DpsError.notFound('Operation not found.');
    return asOperation(earlier, this.tpmKeys);
  }
}

@QueryHandler(GetRegistration)
export class GetRegistrationHandler implements IQueryHandler<GetRegistration> {
  constructor(
    private readonly attestation: DeviceAttestation,
    private readonly registrations: RegistrationStore,
    private readonly tpmKeys: TpmKeys,
  ) {}

  async execute({ call }: GetRegistration): Promise<RegistrationResult> {
    const [current] = await Promise.all([this.registrations.read(call.registrationId), this.attestation.attest(call)]);
    const result = resultOf(current);
    if (result === undefined) throw DpsError.notFound('Registration not found.');
    return withTpmKey(result, this.tpmKeys.hubKeyBlob(current.state));
  }
}

function asOperation({ state, revision }: VersionedState<RegistrationState>, tpmKeys: TpmKeys): OperationStatus {
  if (state.status === 'unassigned' || revision === undefined)
    throw new DpsError(500000, 'Internal server error.', 'no operation after register');
  return operationStatus(state, revision, tpmKeys.hubKeyBlob(state));
}
