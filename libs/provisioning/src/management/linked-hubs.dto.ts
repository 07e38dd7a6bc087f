import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { ALLOCATION_WEIGHT_MAX, ALLOCATION_WEIGHT_MIN, HUB_CAPACITY_MAX } from '../hubs/hub.decider';
import type { KnownHub } from '../hubs/hub.decider';
import { etagOf } from '../shared/etag';
import { HOST_NAME } from './inputs.dto';
import { schema } from './schemas';

/** Members have the names of the control plane of Azure's service. What is left out stays as it is, or has its default on linking. */
export class LinkedHubBody {
  @ApiPropertyOptional({ description: 'The host name; when given, the same as in the path.' })
  @IsOptional()
  @Matches(HOST_NAME, { message: 'name must be a host name' })
  readonly name?: string;

  @ApiPropertyOptional({
    writeOnly: true,
    description: '`HostName=…;SharedAccessKeyName=…;SharedAccessKey=…`, needed on linking; stored encrypted and never answered.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(1024)
  readonly connectionString?: string;

  @ApiPropertyOptional({ default: '' })
  @IsOptional()
  @IsString()
  @MaxLength(128)
  readonly location?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: ALLOCATION_WEIGHT_MIN, maximum: ALLOCATION_WEIGHT_MAX, default: 1 })
  @IsOptional()
  @IsInt()
  @Min(ALLOCATION_WEIGHT_MIN)
  @Max(ALLOCATION_WEIGHT_MAX)
  readonly allocationWeight?: number;

  @ApiPropertyOptional({ default: true, description: 'False: no device is sent there unless its enrollment names the hub.' })
  @IsOptional()
  @IsBoolean()
  readonly applyAllocationPolicy?: boolean;

  @ApiPropertyOptional({ default: false, description: 'True: no new devices; those that are there stay.' })
  @IsOptional()
  @IsBoolean()
  readonly cordoned?: boolean;

  @ApiPropertyOptional({
    default: false,
    description: 'True: no new devices, and those that are there move when they register and their policy lets them.',
  })
  @IsOptional()
  @IsBoolean()
  readonly draining?: boolean;

  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    minimum: 0,
    maximum: HUB_CAPACITY_MAX,
    default: null,
    description: 'How many devices the hub may have, about; null lifts the limit.',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(HUB_CAPACITY_MAX)
  readonly capacity?: number | null;
}

export interface LinkedHubAnswer {
  readonly name: string;
  readonly location: string;
  readonly allocationWeight: number;
  readonly applyAllocationPolicy: boolean;
  readonly cordoned: boolean;
  readonly draining: boolean;
  readonly capacity: number | null;
  readonly linkedAt: string;
  readonly updatedAt: string;
  readonly etag: string;
}

export const linkedHubSchema = schema.object<LinkedHubAnswer>({
  name: schema.text('The host name.'),
  location: schema.text(),
  allocationWeight: schema.integer(),
  applyAllocationPolicy: schema.boolean(),
  cordoned: schema.boolean('Takes no new devices.'),
  draining: schema.boolean('Takes no new devices, and those it has move when they register.'),
  capacity: schema.orNull(schema.integer('How many devices it may have, about.')),
  linkedAt: schema.instant(),
  updatedAt: schema.instant(),
  etag: schema.text(),
});

/** Everything about a linked hub but its connection string. */
export function linkedHubAnswer(hub: KnownHub): LinkedHubAnswer {
  const { hostName, location, allocationWeight, applyAllocationPolicy, cordoned, draining, capacity } = hub;
  const { linkedAt, updatedAt, revision } = hub;
  const settings = { location, allocationWeight, applyAllocationPolicy, cordoned, draining, capacity };
  return { name: hostName, ...settings, linkedAt, updatedAt, etag: etagOf(revision) };
}
