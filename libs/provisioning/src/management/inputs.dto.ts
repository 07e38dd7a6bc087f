import { Transform, Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { CURSOR_CHARACTERS_MAX, PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX } from '../read-models/page';
import { deviceStatusWords } from '../read-models/device-status.queries';
import type { DeviceStatusWord } from '../read-models/device-status.queries';
import { effectivePolicyName } from '../registrations/registration.events';
import type { EffectivePolicyName } from '../registrations/registration.events';

/** Ids of registrations and enrollments (wire contract §4.3), without regard to case. */
export const ID = /^[a-z0-9](?:[a-z0-9._:-]{0,126}[a-z0-9-])?$/i;
/** The beginning of such an id. */
const ID_PREFIX = /^[a-z0-9][a-z0-9._:-]{0,127}$/i;
export const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i;
export const CERTIFICATE_NAME = /^[a-z0-9._-]{1,64}$/i;
export const OPERATION_ID = /^[\w.-]{1,256}$/;
/** A place in the log, opaque; only its form is checked. */
const POSITION = /^[0-9]{1,20}(?::[0-9]{1,20})?$/;
const INSTANT = /^[1-9]\d{3}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;
const UTC_INSTANT = /^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const CURSOR = new RegExp(`^[\\w-]{1,${CURSOR_CHARACTERS_MAX}}$`);

const idMessage = ({ property }: { property: string }): string =>
  `${property} must have 1 to 128 characters of letters, digits and - . _ :`;

/** An ISO 8601 date, or a time with its offset, handed on in UTC; what no calendar has never reaches a database. */
export function IsInstant(description: string): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ format: 'date-time', description }),
    Transform(({ value }: { value: unknown }) => {
      if (typeof value !== 'string' || !INSTANT.test(value)) return value;
      const ms = Date.parse(value);
      return Number.isNaN(ms) ? value : new Date(ms).toISOString();
    }),
    Matches(UTC_INSTANT, { message: ({ property }) => `${property} must be an ISO 8601 date or a time with its offset` }),
  );
}

export class AtLeastQuery {
  @ApiPropertyOptional({
    description: 'The `x-rehome-position` of a write: answers when it can be read, or 503 after 5 seconds.',
  })
  @IsOptional()
  @Matches(POSITION, { message: 'atLeast must be a position as x-rehome-position says it' })
  readonly atLeast?: string;
}

export class PageQuery extends AtLeastQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: PAGE_ITEMS_MAX, default: PAGE_ITEMS_DEFAULT })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(PAGE_ITEMS_MAX)
  readonly limit?: number;

  @ApiPropertyOptional({ description: 'The `nextCursor` of the page before, sent with the same filters.' })
  @IsOptional()
  @Matches(CURSOR, { message: 'cursor must be one that this list gave out' })
  readonly cursor?: string;
}

export class DevicesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: deviceStatusWords })
  @IsOptional()
  @IsIn(deviceStatusWords)
  readonly status?: DeviceStatusWord;

  @ApiPropertyOptional({ description: 'Host name of the hub that has the device.' })
  @IsOptional()
  @Matches(HOST_NAME, { message: 'hub must be a host name' })
  readonly hub?: string;

  @ApiPropertyOptional({ description: 'Registered by this individual enrollment.' })
  @IsOptional()
  @Matches(ID, { message: idMessage })
  readonly enrollmentId?: string;

  @ApiPropertyOptional({ description: 'Registered by this enrollment group.' })
  @IsOptional()
  @Matches(ID, { message: idMessage })
  readonly enrollmentGroupId?: string;

  @ApiPropertyOptional({ enum: effectivePolicyName.options, description: 'The policy that held at the last decision.' })
  @IsOptional()
  @IsIn(effectivePolicyName.options)
  readonly policy?: EffectivePolicyName;

  @ApiPropertyOptional({ description: 'Beginning of the registration id.' })
  @IsOptional()
  @Matches(ID_PREFIX, { message: idMessage })
  readonly idPrefix?: string;

  @IsOptional()
  @IsInstant('Changed at or after; the list is then ordered by the time of change.')
  readonly changedSince?: string;
}

const actions = ['create', 'keep', 'migrate', 'reset'] as const;

export class OperationsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: deviceStatusWords })
  @IsOptional()
  @IsIn(deviceStatusWords)
  readonly status?: DeviceStatusWord;

  @ApiPropertyOptional({ enum: actions })
  @IsOptional()
  @IsIn(actions)
  readonly action?: (typeof actions)[number];

  @ApiPropertyOptional({ description: 'Host name of the hub at either end of the move.' })
  @IsOptional()
  @Matches(HOST_NAME, { message: 'hub must be a host name' })
  readonly hub?: string;

  @IsOptional()
  @IsInstant('Begun at or after.')
  readonly startedSince?: string;
}

const attestationTypes = ['symmetricKey', 'x509', 'tpm'] as const;
const provisioningStatuses = ['enabled', 'disabled'] as const;

export class EnrollmentsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: provisioningStatuses })
  @IsOptional()
  @IsIn(provisioningStatuses)
  readonly provisioningStatus?: (typeof provisioningStatuses)[number];

  @ApiPropertyOptional({ enum: attestationTypes })
  @IsOptional()
  @IsIn(attestationTypes)
  readonly attestationType?: (typeof attestationTypes)[number];

  @IsOptional()
  @IsInstant('Changed at or after; the list is then ordered by the time of change.')
  readonly changedSince?: string;
}
