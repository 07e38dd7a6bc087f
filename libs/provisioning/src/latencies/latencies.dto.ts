import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsNumber, IsString, Matches, Max, MaxLength, Min, MinLength, ValidateIf } from 'class-validator';
import { schema } from '../management/schemas';
import { MeasuredLatency } from './latency-measurements.queries';

const ORIGIN_CHARACTERS_MAX = 128;
const LATENCY_MS_MAX = 60_000;
const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/;

export class LatencyMeasurementInput {
  @ApiPropertyOptional({ description: 'A region of the latency table. Either this or `network`.' })
  @ValidateIf((input: LatencyMeasurementInput) => input.network === undefined || input.region !== undefined)
  @IsString()
  @MinLength(1)
  @MaxLength(ORIGIN_CHARACTERS_MAX)
  readonly region?: string;

  @ApiPropertyOptional({ description: 'The network that was measured from: `10.2.0.0/16`, or one address.' })
  @ValidateIf((input: LatencyMeasurementInput) => input.region === undefined || input.network !== undefined)
  @IsString()
  @MinLength(1)
  @MaxLength(ORIGIN_CHARACTERS_MAX)
  readonly network?: string;

  @ApiProperty({ description: 'Host name of a linked hub.' })
  @Matches(HOST_NAME, { message: 'hub must be a host name' })
  readonly hub!: string;

  @ApiProperty({ minimum: 0, maximum: LATENCY_MS_MAX })
  @IsNumber()
  @Min(0)
  @Max(LATENCY_MS_MAX)
  readonly latencyMs!: number;
}

export const measuredLatencySchema = schema.object<MeasuredLatency>({
  originKind: schema.word('region', 'network'),
  origin: schema.text(),
  hub: schema.text(),
  latencyMs: { type: 'number', description: 'Median of the last samples.' },
  samples: schema.integer(),
  measuredAt: schema.instant('Of the last sample.'),
});
