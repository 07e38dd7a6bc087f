import { Inject, Injectable } from '@nestjs/common';
import { EnrollmentReader } from '../enrollments/enrollment.reader';
import { ProblemError } from '../management/problem';
import { RegistrationStore } from '../registrations/registration.store';
import type { RequestContext } from '../shared/request-context';
import { CLOCK } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import type { ErasureState } from './erasure.decider';
import { ErasureProcess } from './erasure.process';

/** How far the erasure of a device is. */
export interface Erasure {
  readonly registrationId: string;
  readonly status: 'requested' | 'erased';
  readonly reason: string;
  readonly requestedAt: string;
  readonly erasedAt: string | null;
}

/** What operators ask for, checked against what there is. */
@Injectable()
export class Erasures {
  constructor(
    private readonly process: ErasureProcess,
    private readonly registrations: RegistrationStore,
    private readonly enrollments: EnrollmentReader,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Begins; does not wait for the end. Errors: `ProblemError` 404 for a device of which there is nothing, 409 where something is in the way. */
  async request(
    registrationId: string,
    { reason, deleteEnrollment }: { readonly reason: string; readonly deleteEnrollment: boolean },
    caller: RequestContext,
  ): Promise<Erasure> {
    const { state, revision } = await this.registrations.read(registrationId);
    if (state.status === 'assigning') {
      throw new ProblemError(409, 'operation-in-flight', 'Operation in flight', 'The device is being assigned; try again.');
    }
    const enrollment = await this.enrollments.find('individual', registrationId);
    if (revision === undefined && enrollment === undefined) throw ProblemError.notFound(`There is nothing of ${registrationId}.`);
    if (enrollment !== undefined && !deleteEnrollment) {
      const detail = 'Its individual enrollment holds data of it: delete that first, or say deleteEnrollment.';
      throw new ProblemError(409, 'enrollment-exists', 'Enrollment exists', detail);
    }
    const command = { type: 'RequestErasure', registrationId, reason, deleteEnrollment, at: this.clock().toISOString() } as const;
    const requested = await this.process.handle(registrationId, command, caller);
    // What does not get through now is taken up again by whichever worker looks next.
    void this.process.run(registrationId).catch(() => undefined);
    return erasureOf(registrationId, requested);
  }

  /** Error: `ProblemError` 404 where nobody has asked for it. */
  async find(registrationId: string): Promise<Erasure> {
    return erasureOf(registrationId, await this.process.read(registrationId));
  }
}

function erasureOf(registrationId: string, state: ErasureState): Erasure {
  if (state.status === 'none') throw ProblemError.notFound(`Nobody has wanted ${registrationId} erased.`);
  const { status, reason, requestedAt } = state;
  return { registrationId, status, reason, requestedAt, erasedAt: state.status === 'erased' ? state.erasedAt : null };
}
