import { Inject } from '@nestjs/common';
import { IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { PresentEnrollment } from '../enrollments/enrollment.decider';
import { EnrollmentReader } from '../enrollments/enrollment.reader';
import { CLOCK } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { AllocationFacts } from './allocation.facts';
import { Preview, previewOf } from './preview';
import { PreviewRegistration } from './preview.query';
import { RegistrationState, currentAssignment } from './registration.state';
import { RegistrationStore } from './registration.store';

/** As the state would be if a campaign had sent the device somewhere. */
function sent(state: RegistrationState, destination: PreviewRegistration['request']['destination']): RegistrationState {
  if (destination === undefined || state.status === 'unassigned') return state;
  return { ...state, destination: { ...destination, after: state.operationId } };
}

/** As the entry would be with another policy; undefined: as it is saved. */
function withPolicy(saved: PresentEnrollment, policy: PreviewRegistration['request']['reprovisionPolicy']): PresentEnrollment {
  return policy === undefined ? saved : { ...saved, entry: { ...saved.entry, reprovisionPolicy: policy } };
}

/** The same facts and the same decider as a registration, but nothing is appended. */
@QueryHandler(PreviewRegistration)
export class PreviewRegistrationHandler implements IQueryHandler<PreviewRegistration> {
  constructor(
    private readonly enrollments: EnrollmentReader,
    private readonly allocation: AllocationFacts,
    private readonly registrations: RegistrationStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ registrationId, request }: PreviewRegistration): Promise<Preview | undefined> {
    const state = sent((await this.registrations.read(registrationId)).state, request.destination);
    const saved = await this.enrollmentOf(registrationId, state, request.enrollmentGroupId);
    if (saved === undefined) return undefined;
    const enrollment = withPolicy(saved, request.reprovisionPolicy);
    const attestation = { type: enrollment.entry.attestation.type, key: null, x509: null, tpm: null };
    const { payload, remoteAddress, callWebhook, apiVersion } = request;
    const facts = await this.allocation.gather({
      registrationId,
      enrollment,
      attestation,
      payload,
      remoteAddress,
      state: () => Promise.resolve(state),
      callWebhook,
    });
    const imagined = { apiVersion, clientVersion: null, transport: 'preview', payload };
    const at = this.clock().toISOString();
    const identity = { operationId: 'preview', registrationId, at };
    return previewOf({ type: 'Register', ...identity, request: imagined, attestation, ...facts }, state);
  }

  /** The individual enrollment if there is one, as at a registration; else the group that is named, or that registered it last. */
  private async enrollmentOf(
    registrationId: string,
    state: RegistrationState,
    enrollmentGroupId: string | null,
  ): Promise<PresentEnrollment | undefined> {
    const individual = await this.enrollments.find('individual', registrationId);
    if (individual !== undefined) return individual;
    const last = state.status === 'assigning' ? state.enrollment : currentAssignment(state)?.enrollment;
    const group = enrollmentGroupId ?? (last?.kind === 'group' ? last.id : undefined);
    return group === undefined ? undefined : this.enrollments.find('group', group);
  }
}
