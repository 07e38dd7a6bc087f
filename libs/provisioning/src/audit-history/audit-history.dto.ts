import { Transform } from 'class-transformer';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import type { Actor } from '@app/event-sourcing';
import { HOST_NAME, ID, IsInstant, PageQuery } from '../management/inputs.dto';
import { ProblemError } from '../management/problem';
import type { AuditFilter, AuditOrder } from './audit-index.queries';
import { exportFormats } from './export-formats';
import type { ExportFormat } from './export-formats';

const EVENT_TYPE = /^[A-Za-z]{1,64}$/;
const ACTOR = /^[^\p{Cc}]{1,160}$/u;
const orders = ['asc', 'desc'] as const;
const actorKinds: readonly Actor['kind'][] = ['device', 'operator', 'system'];

class TimedQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Type of the event, such as `DeviceAssigned`.' })
  @IsOptional()
  @Matches(EVENT_TYPE, { message: 'type must be the type of an event' })
  readonly type?: string;

  @IsOptional()
  @IsInstant('Recorded at or after.')
  readonly since?: string;

  @IsOptional()
  @IsInstant('Recorded before.')
  readonly until?: string;

  @ApiPropertyOptional({ enum: orders, description: '`desc` begins with the newest event.' })
  @IsOptional()
  @IsIn(orders)
  readonly order?: AuditOrder;
}

/** Of one enrollment or hub, which the path names. */
export class ScopeHistoryQuery extends TimedQuery {
  @ApiPropertyOptional({
    description: 'Who: `operator:anna`, `device:sn-42`, `system:…`; a kind alone for all of it; any other word is an operator.',
  })
  @IsOptional()
  @Matches(ACTOR, { message: 'actor must be a kind of actor, a name, or both with a colon between' })
  readonly actor?: string;
}

export class AuditEventsQuery extends ScopeHistoryQuery {
  @ApiPropertyOptional({ description: 'Host name of a hub that the event names.' })
  @IsOptional()
  @Matches(HOST_NAME, { message: 'hub must be a host name' })
  readonly hub?: string;

  @ApiPropertyOptional({ description: 'Individual enrollment that changed, or that a decision was made by.' })
  @IsOptional()
  @Matches(ID, { message: 'enrollmentId must be an id' })
  readonly enrollmentId?: string;

  @ApiPropertyOptional({ description: 'Enrollment group that changed, or that a decision was made by.' })
  @IsOptional()
  @Matches(ID, { message: 'enrollmentGroupId must be an id' })
  readonly enrollmentGroupId?: string;

  @ApiPropertyOptional({ description: 'The device that the event is about.' })
  @IsOptional()
  @Matches(ID, { message: 'registrationId must be an id' })
  readonly registrationId?: string;
}

export class AuditExportQuery extends AuditEventsQuery {
  @ApiPropertyOptional({ enum: exportFormats, default: 'ndjson' })
  @IsOptional()
  @IsIn(exportFormats)
  readonly format?: ExportFormat;
}

export class DeviceHistoryQuery extends TimedQuery {
  @ApiPropertyOptional({ type: 'boolean', default: true, description: 'False leaves out what happened at the hubs.' })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsIn([true, false], { message: 'twin must be true or false' })
  readonly twin?: boolean;
}

/** Error: `ProblemError` 400 for what cannot be asked together. */
export function filterIn(query: AuditEventsQuery | ScopeHistoryQuery): AuditFilter {
  const { type, since, until, actor } = query;
  const { hub, enrollmentId, enrollmentGroupId, registrationId } = query as AuditEventsQuery;
  if (enrollmentId !== undefined && enrollmentGroupId !== undefined) {
    throw ProblemError.invalidRequest('Ask for an individual enrollment or for a group, not for both.');
  }
  if (since !== undefined && until !== undefined && since > until) {
    throw ProblemError.invalidRequest('since must not be after until.');
  }
  const individual = enrollmentId === undefined ? undefined : ({ kind: 'individual', id: enrollmentId } as const);
  const enrollment = enrollmentGroupId === undefined ? individual : ({ kind: 'group', id: enrollmentGroupId } as const);
  return { type, since, until, hub, enrollment, registrationId, actor: actor === undefined ? undefined : actorIn(actor) };
}

function actorIn(text: string): NonNullable<AuditFilter['actor']> {
  const colon = text.indexOf(':');
  const kind = actorKinds.find((known) => known === (colon < 0 ? text : text.slice(0, colon)));
  if (kind === undefined) return { kind: 'operator', name: text };
  return colon < 0 ? { kind } : { kind, name: text.slice(colon + 1) };
}
