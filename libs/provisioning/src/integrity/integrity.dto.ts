import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import type { SignedRoot } from '@app/integrity';
import { schema } from '../management/schemas';
import { logNames } from './audit-trail';
import type { LogName } from './audit-trail';

const POSITION = /^[0-9]{1,20}(?::[0-9]{1,20})?$/;
const ROOTS_MAX = 1_000;

export class RootsQuery {
  @ApiPropertyOptional({ enum: logNames, default: 'provisioning' })
  @IsOptional()
  @IsIn(logNames)
  readonly log: LogName = 'provisioning';

  @ApiPropertyOptional({ type: 'integer', minimum: 0, default: 0, description: 'Number of the last root that is known already.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  readonly after: number = 0;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: ROOTS_MAX, default: 100 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(ROOTS_MAX)
  readonly limit: number = 100;
}

export class VerifyBody {
  @ApiPropertyOptional({ enum: logNames, default: 'provisioning' })
  @IsOptional()
  @IsIn(logNames)
  readonly log: LogName = 'provisioning';

  @ApiPropertyOptional({
    description: 'A position: begins at the last signed root at or before it. The whole log when left out.',
  })
  @IsOptional()
  @Matches(POSITION, { message: 'from must be a position' })
  readonly from?: string;

  @ApiPropertyOptional({ description: 'A position: ends there. At the newest event when left out.' })
  @IsOptional()
  @Matches(POSITION, { message: 'to must be a position' })
  readonly to?: string;
}

const { text, integer, instant, boolean, array, object } = schema;

const rootSchema = object<SignedRoot>({
  log: text(),
  number: integer(),
  from: text('Position, exclusive; `start` for the beginning.'),
  to: text('Position, inclusive.'),
  events: integer(),
  chained: boolean('Events up to here have begun to be linked; all that follow are.'),
  previousRoot: text(),
  root: text('SHA-256, base64url.'),
  at: instant(),
  keyId: text(),
  signature: text('Ed25519 over the canonical JSON (RFC 8785) of the rest, base64url.'),
});

export interface RootsAnswer {
  readonly items: readonly SignedRoot[];
}
export const rootsSchema = object<RootsAnswer>({ items: array(rootSchema) });

export interface PublicKeyAnswer {
  readonly keyId: string;
  readonly publicKey: string;
}
export const publicKeySchema = object<PublicKeyAnswer>({ keyId: text(), publicKey: text('Ed25519, PEM.') });
