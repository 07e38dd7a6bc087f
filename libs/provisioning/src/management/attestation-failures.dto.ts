import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches, Max, Min, IsInt } from 'class-validator';
import { Type } from 'class-transformer';
import type { AttestationFailure } from '../attestation-failures/attestation-failures.queries';
import { CURSOR_CHARACTERS_MAX, PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX } from '../read-models/page';
import { attestationChecks } from '../registrations/attestation-refused';
import type { AttestationCheck } from '../registrations/attestation-refused';
import { schema } from './schemas';

const CURSOR = new RegExp(`^[\\w-]{1,${CURSOR_CHARACTERS_MAX}}$`);
const transports = ['https', 'mqtt', 'amqp'] as const;

export class AttestationFailuresQuery {
  @ApiPropertyOptional({ enum: attestationChecks, description: 'The check that was not passed.' })
  @IsOptional()
  @IsIn(attestationChecks)
  readonly check?: AttestationCheck;

  @ApiPropertyOptional({ enum: transports })
  @IsOptional()
  @IsIn(transports)
  readonly transport?: (typeof transports)[number];

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

export const attestationFailureSchema = schema.object<AttestationFailure>({
  registrationId: schema.text(),
  failures: schema.integer('How often; less than the truth when failures came too fast to be counted.'),
  firstFailedAt: schema.instant(),
  lastFailedAt: schema.instant(),
  check: schema.word(...attestationChecks),
  reason: schema.text('One sentence about the last failure.'),
  transport: schema.word(...transports),
  subject: schema.orNull(schema.text('Of the certificate presented.')),
  thumbprint: schema.orNull(schema.text('SHA-1 of the certificate presented, upper-case hexadecimal.')),
  keyName: schema.orNull(schema.text('`skn` of the token presented.')),
});
