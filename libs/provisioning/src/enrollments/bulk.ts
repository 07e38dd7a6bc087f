import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsString } from 'class-validator';
import { DpsError } from '../shared/dps-error';
import { asDpsError } from '../shared/dps-error.filter';
import { RequestContext } from '../shared/request-context';
import { EnrollmentKind } from '../shared/shapes';
import { validated } from '../shared/validated';
import { CreateEnrollment, DeleteEnrollment, UpdateEnrollment } from './enrollment.commands';
import { parseEnrollment } from './enrollment-draft';
import { requireId } from './enrollments.service';

/** Published limit of one call. */
export const BULK_ITEMS_MAX = 10;

/** Modes in lower case: clients spell `updateIfMatchETag` in two ways. */
const modes = ['create', 'update', 'updateifmatchetag', 'delete'] as const;
type Mode = (typeof modes)[number];

class BulkDto {
  @IsString() readonly mode!: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(BULK_ITEMS_MAX)
  @Type(() => Object)
  readonly items!: unknown[];
}

export interface BulkError {
  readonly registrationId?: string;
  readonly enrollmentGroupId?: string;
  readonly errorCode: number;
  readonly errorStatus: string;
}

export interface BulkResult {
  readonly isSuccessful: boolean;
  readonly errors: readonly BulkError[];
}

interface Item {
  readonly id: string;
  readonly body: object;
}

/**
 * Up to ten entries in one call (wire contract §4.5). The call as a whole fails when its form is wrong or an id comes twice; then
 * nothing is changed. Otherwise each item succeeds or fails on its own.
 */
@Injectable()
export class BulkEnrollments {
  constructor(private readonly commands: CommandBus) {}

  async run(kind: EnrollmentKind, body: unknown, caller: RequestContext): Promise<BulkResult> {
    const { mode, items } = parseBulk(kind, body);
    const errors: BulkError[] = [];
    for (const item of items) {
      try {
        await this.apply(kind, mode, item, caller);
      } catch (error) {
        const { errorCode, message } = requireClientFault(asDpsError(error), error);
        errors.push({ [idMember[kind]]: item.id, errorCode, errorStatus: message });
      }
    }
    return { isSuccessful: errors.length === 0, errors };
  }

  private async apply(kind: EnrollmentKind, mode: Mode, { id, body }: Item, caller: RequestContext): Promise<void> {
    if (mode === 'delete') {
      requireId(id);
      await this.commands.execute(new DeleteEnrollment({ kind, id }, undefined, caller));
      return;
    }
    const { draft, etag } = parseEnrollment(kind, body);
    if (mode === 'create') await this.commands.execute(new CreateEnrollment(draft, caller));
    else if (mode === 'update') await this.commands.execute(new UpdateEnrollment(draft, undefined, caller));
    else if (etag === undefined) throw DpsError.badRequest('The mode updateIfMatchETag needs the etag of the enrollment.');
    else await this.commands.execute(new UpdateEnrollment(draft, etag, caller));
  }
}

const idMember = { individual: 'registrationId', group: 'enrollmentGroupId' } as const;
const listMember = { individual: 'enrollments', group: 'enrollmentGroups' } as const;

/** A failure of the service itself is one of the whole call: which items were done the client sees by reading them. */
function requireClientFault(error: DpsError, thrown: unknown): DpsError {
  if (error.status >= 500) throw thrown;
  return error;
}

function parseBulk(kind: EnrollmentKind, body: unknown): { mode: Mode; items: readonly Item[] } {
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const { mode: word, items: bodies } = validated(BulkDto, { mode: fields.mode, items: fields[listMember[kind]] });
  const mode = modes.find((known) => known === word.toLowerCase());
  if (mode === undefined) throw DpsError.badRequest('mode must be create, update, updateIfMatchETag or delete');
  const items = bodies.map((item) => itemOf(kind, item));
  if (new Set(items.map(({ id }) => id.toLowerCase())).size < items.length) {
    throw DpsError.badRequest('An id comes more than once in the call.');
  }
  return { mode, items };
}

function itemOf(kind: EnrollmentKind, body: unknown): Item {
  const name = idMember[kind];
  if (typeof body === 'object' && body !== null && name in body) {
    const id: unknown = (body as Record<string, unknown>)[name];
    if (typeof id === 'string') return { id, body };
  }
  throw DpsError.badRequest(`every item needs a ${name}`);
}
