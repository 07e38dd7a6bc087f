import { CommandHandler, ICommandHandler } from '@nestjs/cqrs';
import { Rejected } from '@app/event-sourcing';
import { parseIfMatch } from '../shared/etag';
import { EnrollmentHandling } from './enrollment-handling';
import {
  CreateEnrollment,
  DeleteEnrollment,
  DisableEnrollment,
  EnableEnrollment,
  EnrollmentOutcome,
  PutEnrollment,
  RegenerateKey,
  RegeneratedKey,
  UpdateEnrollment,
  UpdateEnrollmentPolicy,
} from './enrollment.commands';
import { EnrollmentCommand, EnrollmentRejection, EnrollmentState } from './enrollment.decider';
import { EnrollmentReader } from './enrollment.reader';
import { GroupLimit } from './group-limit';

@CommandHandler(CreateEnrollment)
export class CreateEnrollmentHandler implements ICommandHandler<CreateEnrollment> {
  constructor(
    private readonly enrollments: EnrollmentHandling,
    private readonly limit: GroupLimit,
  ) {}

  async execute({ draft, context }: CreateEnrollment): Promise<EnrollmentOutcome> {
    const entry = this.enrollments.sealed(draft);
    const generated = this.enrollments.generatedKeys();
    const at = this.enrollments.now();
    return this.limit.within(draft, () =>
      this.enrollments.handlePresent(draft, { type: 'CreateEnrollment', entry, generated, at }, context),
    );
  }
}

@CommandHandler(UpdateEnrollment)
export class UpdateEnrollmentHandler implements ICommandHandler<UpdateEnrollment> {
  constructor(
    private readonly enrollments: EnrollmentHandling,
    private readonly limit: GroupLimit,
  ) {}

  async execute({ draft, ifMatch, context }: UpdateEnrollment): Promise<EnrollmentOutcome> {
    const entry = this.enrollments.sealed(draft);
    const at = this.enrollments.now();
    return this.limit.within(draft, () =>
      this.enrollments.handlePresent(draft, { type: 'UpdateEnrollment', entry, ifMatch: parseIfMatch(ifMatch), at }, context),
    );
  }
}

/** Times a PUT looks again, because the entry came or went between looking and deciding. */
const PUT_ATTEMPTS_MAX = 4;

@CommandHandler(PutEnrollment)
export class PutEnrollmentHandler implements ICommandHandler<PutEnrollment> {
  constructor(
    private readonly reader: EnrollmentReader,
    private readonly creation: CreateEnrollmentHandler,
    private readonly update: UpdateEnrollmentHandler,
  ) {}

  async execute({ draft, ifMatch, context }: PutEnrollment): Promise<EnrollmentOutcome> {
    const conditional = parseIfMatch(ifMatch) !== 'unconditional';
    for (let attempt = 1; ; attempt++) {
      const exists = (await this.reader.find(draft.kind, draft.id)) !== undefined;
      try {
        return exists || conditional
          ? await this.update.execute(new UpdateEnrollment(draft, ifMatch, context))
          : await this.creation.execute(new CreateEnrollment(draft, context));
      } catch (error) {
        if (conditional || attempt === PUT_ATTEMPTS_MAX || !cameOrWent(error)) throw error;
      }
    }
  }
}

function cameOrWent(error: unknown): boolean {
  const reasons: readonly EnrollmentRejection[] = ['enrollment-exists', 'enrollment-not-found'];
  return error instanceof Rejected && reasons.some((reason) => reason === error.reason);
}

@CommandHandler(UpdateEnrollmentPolicy)
export class UpdateEnrollmentPolicyHandler implements ICommandHandler<UpdateEnrollmentPolicy> {
  constructor(private readonly enrollments: EnrollmentHandling) {}

  async execute({ target, reprovisionPolicy, ifMatch, context }: UpdateEnrollmentPolicy): Promise<EnrollmentOutcome> {
    const at = this.enrollments.now();
    return this.enrollments.handlePresent(
      target,
      { type: 'UpdateEnrollmentPolicy', reprovisionPolicy, ifMatch: parseIfMatch(ifMatch), at },
      context,
    );
  }
}

@CommandHandler(RegenerateKey)
export class RegenerateKeyHandler implements ICommandHandler<RegenerateKey> {
  constructor(private readonly enrollments: EnrollmentHandling) {}

  async execute({ target, key, ifMatch, context }: RegenerateKey): Promise<RegeneratedKey> {
    const at = this.enrollments.now();
    const { plain, secret } = this.enrollments.newKey();
    const command: EnrollmentCommand = { type: 'RegenerateKey', key, secret, ifMatch: parseIfMatch(ifMatch), at };
    return { ...(await this.enrollments.handlePresent(target, command, context)), newKey: plain };
  }
}

@CommandHandler(DisableEnrollment)
export class DisableEnrollmentHandler implements ICommandHandler<DisableEnrollment> {
  constructor(private readonly enrollments: EnrollmentHandling) {}

  async execute({ target, ifMatch, context }: DisableEnrollment): Promise<EnrollmentOutcome> {
    const at = this.enrollments.now();
    return this.enrollments.handlePresent(target, { type: 'DisableEnrollment', ifMatch: parseIfMatch(ifMatch), at }, context);
  }
}

@CommandHandler(EnableEnrollment)
export class EnableEnrollmentHandler implements ICommandHandler<EnableEnrollment> {
  constructor(private readonly enrollments: EnrollmentHandling) {}

  async execute({ target, ifMatch, context }: EnableEnrollment): Promise<EnrollmentOutcome> {
    const at = this.enrollments.now();
    return this.enrollments.handlePresent(target, { type: 'EnableEnrollment', ifMatch: parseIfMatch(ifMatch), at }, context);
  }
}

@CommandHandler(DeleteEnrollment)
export class DeleteEnrollmentHandler implements ICommandHandler<DeleteEnrollment> {
  constructor(private readonly enrollments: EnrollmentHandling) {}

  async execute({ target, ifMatch, context }: DeleteEnrollment): Promise<EnrollmentOutcome<EnrollmentState>> {
    const at = this.enrollments.now();
    return this.enrollments.handle(target, { type: 'DeleteEnrollment', ifMatch: parseIfMatch(ifMatch), at }, context);
  }
}

export const enrollmentHandlers = [
  CreateEnrollmentHandler,
  UpdateEnrollmentHandler,
  PutEnrollmentHandler,
  UpdateEnrollmentPolicyHandler,
  RegenerateKeyHandler,
  DisableEnrollmentHandler,
  EnableEnrollmentHandler,
  DeleteEnrollmentHandler,
];
