import { Inject, Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { resultOf } from '../registrations/registration.document';
import { RegistrationStore } from '../registrations/registration.store';
import { DpsError } from '../shared/dps-error';
import { RequestContext } from '../shared/request-context';
import type { SecretBox } from '../shared/secret-box';
import { EnrollmentKind } from '../shared/shapes';
import { SECRET_BOX } from '../shared/tokens';
import { DeleteEnrollment, PutEnrollment } from './enrollment.commands';
import { PresentEnrollment } from './enrollment.decider';
import { AttestationDocument, attestationMechanism, EnrollmentDocument, enrollmentDocument } from './enrollment.document';
import { parseEnrollment } from './enrollment-draft';
import { ENROLLMENT_ID } from './enrollment.dto';
import { EnrollmentReader } from './enrollment.reader';

/** One entry by its id, for the Service API. Every read is from the entry's stream, so that a client reads its own writes. */
@Injectable()
export class EnrollmentsService {
  constructor(
    private readonly commands: CommandBus,
    private readonly enrollments: EnrollmentReader,
    private readonly registrations: RegistrationStore,
    @Inject(SECRET_BOX) private readonly secrets: SecretBox,
  ) {}

  async get(kind: EnrollmentKind, id: string): Promise<EnrollmentDocument> {
    const enrollment = await this.existing(kind, id);
    const document = enrollmentDocument(enrollment);
    if (kind === 'group') return document;
    const registrationState = resultOf(await this.registrations.read(id));
    return registrationState === undefined ? document : { ...document, registrationState };
  }

  /** Keys are in the answer, generated ones too: nobody could read them later without the right to write. */
  async put(
    kind: EnrollmentKind,
    id: string,
    ifMatch: string | undefined,
    body: unknown,
    caller: RequestContext,
  ): Promise<EnrollmentDocument> {
    requireId(id);
    const { draft } = parseEnrollment(kind, body);
    if (draft.id.toLowerCase() !== id.toLowerCase()) {
      throw DpsError.badRequest('The id in the body is not the one in the path.');
    }
    const { state } = await this.commands.execute(new PutEnrollment(draft, ifMatch, caller));
    const { attestation } = state.entry;
    if (attestation.type !== 'symmetricKey') return enrollmentDocument(state);
    return enrollmentDocument(state, attestationMechanism(attestation, this.secrets));
  }

  async delete(kind: EnrollmentKind, id: string, ifMatch: string | undefined, caller: RequestContext): Promise<void> {
    requireId(id);
    await this.commands.execute(new DeleteEnrollment({ kind, id }, ifMatch, caller));
  }

  async attestationMechanism(kind: EnrollmentKind, id: string): Promise<AttestationDocument> {
    const { entry } = await this.existing(kind, id);
    return attestationMechanism(entry.attestation, this.secrets);
  }

  private async existing(kind: EnrollmentKind, id: string): Promise<PresentEnrollment> {
    requireId(id);
    const enrollment = await this.enrollments.find(kind, id);
    if (enrollment === undefined) throw DpsError.notFound('Enrollment not found.');
    return enrollment;
  }
}

/** Error: `DpsError` 400004. */
export function requireId(id: string): void {
  if (ENROLLMENT_ID.test(id)) return;
  throw DpsError.badRequest(
    'An id has 1 to 128 letters, digits or -._: and starts with a letter or digit and ends with one or a dash.',
  );
}
