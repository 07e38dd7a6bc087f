import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { HOST_NAME, ID, PageQuery } from '../management/inputs.dto';
import { ProblemError } from '../management/problem';
import { schema } from '../management/schemas';
import { WAVE_DEVICES_MAX } from './campaign.decider';
import { CampaignPlan, CampaignProgress, Selection, deviceOutcome } from './campaign.events';
import type { CampaignPreview, PreviewedDevice, PreviewedEffect } from './campaign.preview';
import type { CampaignDevice, CampaignView } from './campaign.queries';

/** Devices named one by one; more are selected by a group, a tag or a hub. */
const DEVICES_NAMED_MAX = 1_000;
const HUBS_MAX = 50;
const DAY_S = 86_400;
const DEVICES_MAX = 1_000_000;
const TAG = /^\w{1,64}(?:\.\w{1,64}){0,9}$/;
const CAMPAIGN_ID = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/i;
const campaignStatuses = ['draft', 'running', 'paused', 'aborted', 'ended'] as const;

export class SelectionBody {
  @ApiPropertyOptional({ description: 'All devices that are on this hub.' })
  @IsOptional()
  @Matches(HOST_NAME, { message: 'hub must be a host name' })
  readonly hub?: string;

  @ApiPropertyOptional({ description: 'All devices that this group has registered.' })
  @IsOptional()
  @Matches(ID, { message: 'enrollmentGroupId must have 1 to 128 characters of letters, digits and - . _ :' })
  readonly enrollmentGroupId?: string;

  @ApiPropertyOptional({ description: 'With `value`: all devices whose twin has this tag, a path such as `site.floor`.' })
  @IsOptional()
  @Matches(TAG, { message: 'tag must be names of letters, digits and _, joined by dots' })
  readonly tag?: string;

  @ApiPropertyOptional({ oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] })
  @IsOptional()
  readonly value?: unknown;

  @ApiPropertyOptional({ type: [String], description: 'These devices.' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(DEVICES_NAMED_MAX)
  @Matches(ID, { each: true, message: 'registrationIds must be registration ids' })
  readonly registrationIds?: string[];
}

export class CampaignBody {
  @ApiPropertyOptional({ description: 'Letters, digits and dashes, at most 64; made up when left out.' })
  @IsOptional()
  @Matches(CAMPAIGN_ID, { message: 'campaignId must have 1 to 64 letters, digits and dashes' })
  readonly campaignId?: string;

  @ApiPropertyOptional({ maxLength: 128 })
  @IsOptional()
  @IsString()
  @MaxLength(128)
  readonly name?: string;

  @ApiProperty({ type: SelectionBody, description: 'By one of: hub, group, tag, list.' })
  @ValidateNested()
  @Type(() => SelectionBody)
  readonly selection!: SelectionBody;

  @ApiProperty({ type: [String], description: 'Where the devices are to go; several share them by weight.' })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(HUBS_MAX)
  @Matches(HOST_NAME, { each: true, message: 'hubs must be host names' })
  readonly hubs!: string[];

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: WAVE_DEVICES_MAX, default: 100 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(WAVE_DEVICES_MAX)
  readonly waveSize?: number;

  @ApiPropertyOptional({ type: 'integer', default: 0, description: 'Seconds between the end of a wave and the next.' })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(DAY_S)
  readonly pauseS?: number;

  @ApiPropertyOptional({
    type: 'integer',
    default: 300,
    description: 'Seconds after which a wave ends though devices have not called; they move when they do.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(30 * DAY_S)
  readonly waveTimeoutS?: number;

  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    default: 0,
    description: 'More failed devices abort the campaign; null: any number.',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(DEVICES_MAX)
  readonly failuresMax?: number | null;

  @ApiPropertyOptional({ default: true, description: 'Ask connected devices, by a direct method, to come back at once.' })
  @IsOptional()
  @IsBoolean()
  readonly askConnected?: boolean;
}

export class CampaignsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: campaignStatuses })
  @IsOptional()
  @IsIn(campaignStatuses)
  readonly status?: string;
}

export class CampaignDevicesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: ['waiting', ...deviceOutcome.options] })
  @IsOptional()
  @IsIn(['waiting', ...deviceOutcome.options])
  readonly outcome?: string;
}

/** Error: `ProblemError` 400 where the selection is none of the documented ones. */
export function planIn(body: CampaignBody): CampaignPlan {
  const { name, selection, hubs, waveSize = 100, pauseS = 0, waveTimeoutS = 300, failuresMax = 0, askConnected = true } = body;
  const plan = { waveSize, pauseS, waveTimeoutS, failuresMax, askConnected };
  return {
    name: name ?? '',
    selection: selectionIn(selection),
    hubs: [...new Set(hubs.map((hub) => hub.toLowerCase()))],
    ...plan,
  };
}

function selectionIn({ hub, enrollmentGroupId, tag, value, registrationIds }: SelectionBody): Selection {
  const ways: Selection[] = [];
  if (hub !== undefined) ways.push({ by: 'hub', hub: hub.toLowerCase() });
  if (enrollmentGroupId !== undefined) ways.push({ by: 'enrollmentGroup', enrollmentGroupId });
  if (tag !== undefined) ways.push({ by: 'tag', tag, value: tagValue(value) });
  if (registrationIds !== undefined) ways.push({ by: 'devices', registrationIds });
  const [way] = ways;
  if (way !== undefined && ways.length === 1) return way;
  throw ProblemError.invalidRequest('Devices are selected by one of hub, enrollmentGroupId, tag with value, registrationIds.');
}

function tagValue(value: unknown): string | number | boolean {
  if (typeof value === 'string' && value.length <= 256) return value;
  if ((typeof value === 'number' && Number.isFinite(value)) || typeof value === 'boolean') return value;
  throw ProblemError.invalidRequest('The value of a tag is a text of at most 256 characters, a number, true or false.');
}

const { text, word, instant, integer, boolean, anyObject, array, orNull, object } = schema;

const planSchema = object<CampaignPlan>({
  name: text(),
  selection: anyObject('`by` says how: hub, enrollmentGroup, tag, devices, undo.'),
  hubs: array(text()),
  waveSize: integer(),
  pauseS: integer(),
  waveTimeoutS: integer(),
  failuresMax: orNull(integer()),
  askConnected: boolean(),
});

const progressSchema = object<CampaignProgress>({
  selected: integer(),
  queued: integer('For later waves.'),
  waiting: integer('Sent, and not called yet.'),
  moved: integer(),
  stayed: integer('Called, and kept where they were by their policy.'),
  failed: integer(),
  recalled: integer('Not reached before the campaign was aborted.'),
});

export const campaignSchema = object<CampaignView>({
  campaignId: text(),
  name: text(),
  status: word(...campaignStatuses),
  plan: planSchema,
  wave: integer(),
  progress: progressSchema,
  abortReason: orNull(word('operator', 'failures')),
  undoneBy: orNull(text('The campaign that takes this one back.')),
  createdAt: instant(),
  startedAt: orNull(instant()),
  endedAt: orNull(instant()),
  releasedAt: orNull(instant('Since then its devices belong where their enrollments say.')),
  updatedAt: instant(),
});

export const campaignDeviceSchema = object<CampaignDevice>({
  registrationId: text(),
  wave: integer(),
  from: orNull(text()),
  to: text(),
  outcome: word('waiting', ...deviceOutcome.options),
  hub: orNull(text('Where it was when it settled.')),
  operationId: orNull(text()),
  detail: orNull(text()),
  sentAt: instant(),
  settledAt: orNull(instant()),
});

const effect = word('migrate', 'reset', 'stay', 'alreadyThere', 'fail' satisfies PreviewedEffect);
export const campaignPreviewSchema = object<CampaignPreview>({
  selected: integer(),
  examined: integer('How many of them were decided one by one.'),
  waves: integer(),
  effects: object<CampaignPreview['effects']>({
    migrate: integer(),
    reset: integer(),
    stay: integer(),
    alreadyThere: integer(),
    fail: integer(),
  }),
  flows: array(object<CampaignPreview['flows'][number]>({ from: orNull(text()), to: orNull(text()), devices: integer() })),
  examples: array(
    object<PreviewedDevice>({ registrationId: text(), from: orNull(text()), to: orNull(text()), effect, reason: text() }),
  ),
});
