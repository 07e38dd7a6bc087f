import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import { AtLeastQuery, IsInstant } from '../management/inputs.dto';
import { REVISION } from './moment';

/** A device now, or as it was. */
export class MomentQuery extends AtLeastQuery {
  @IsOptional()
  @IsInstant('As it was at this time, by the time at which the log recorded things.')
  readonly at?: string;

  @ApiPropertyOptional({ description: 'As it was after this revision of its stream; not together with `at`.' })
  @IsOptional()
  @Matches(REVISION, { message: 'revision must be a whole number of at most 18 digits' })
  readonly revision?: string;
}
