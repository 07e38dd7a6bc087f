import { Type } from 'class-transformer';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsOptional, IsString, Matches, MaxLength, MinLength, ValidateNested } from 'class-validator';
import { FILTER_VALUES_MAX } from '../feed/feed-filter';
import { EVENT_TYPE, FEED_POSITION } from '../feed/feed.dto';
import { HOST_NAME, ID } from '../management/inputs.dto';
import { schema } from '../management/schemas';
import type { DeadLetter } from '../webhook-delivery/dead-letters.queries';
import type { DeliveryProgress } from '../webhook-delivery/deliveries.queries';
import type { KnownWebhook } from './webhook.decider';
import type { WebhookFilters } from './webhook.events';

export const WEBHOOK_NAME = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/i;
const SECRET_CHARACTERS_MIN = 16;
export const EVENT_ID = /^[0-9a-f-]{1,64}$/i;

export class WebhookFiltersBody {
  @ApiPropertyOptional({ type: [String], description: 'Types of events, such as `DeviceAssigned`; all when left out.' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(FILTER_VALUES_MAX)
  @Matches(EVENT_TYPE, { each: true, message: 'types must be types of events' })
  readonly types?: readonly string[];

  @ApiPropertyOptional({ type: [String], description: 'Registration ids; all when left out.' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(FILTER_VALUES_MAX)
  @Matches(ID, { each: true, message: 'devices must be registration ids' })
  readonly devices?: readonly string[];

  @ApiPropertyOptional({ type: [String], description: 'Host names of hubs that an event names; all when left out.' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(FILTER_VALUES_MAX)
  @Matches(HOST_NAME, { each: true, message: 'hubs must be host names' })
  readonly hubs?: readonly string[];
}

export class WebhookBody {
  @ApiProperty({ description: 'Where events are posted. What its query says is stored encrypted and answered masked.' })
  @IsString()
  @MaxLength(2_048)
  readonly url!: string;

  @ApiPropertyOptional({
    writeOnly: true,
    minLength: SECRET_CHARACTERS_MIN,
    maxLength: 256,
    description: 'Signs what is delivered; needed for a new webhook. Stored encrypted and never answered.',
  })
  @IsOptional()
  @IsString()
  @MinLength(SECRET_CHARACTERS_MIN)
  @MaxLength(256)
  readonly secret?: string;

  @ApiPropertyOptional({ type: WebhookFiltersBody })
  @IsOptional()
  @ValidateNested()
  @Type(() => WebhookFiltersBody)
  readonly filters?: WebhookFiltersBody;

  @ApiPropertyOptional({
    default: 'end',
    description:
      '`start`, `end`, or a position: events after it are delivered. Only for a new webhook; others go on where they are.',
  })
  @IsOptional()
  @Matches(FEED_POSITION, { message: 'from must be start, end or a position of the log' })
  readonly from?: string;
}

export class RetryBody {
  @ApiPropertyOptional({ type: [String], description: 'Ids of dead letters; all of them when left out.' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(1_000)
  @Matches(EVENT_ID, { each: true, message: 'ids must be ids of events' })
  readonly ids?: readonly string[];
}

/** A webhook and where it stands; without its secrets. */
export interface WebhookAnswer extends DeliveryProgress {
  readonly name: string;
  readonly url: string;
  readonly filters: WebhookFilters;
  readonly from: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Events of the log that have not been looked at; null where positions are not numbers, or before a worker has begun. */
  readonly lagEvents: number | null;
}

const DECIMAL = /^\d{1,19}$/;

export function webhookAnswer(webhook: KnownWebhook, progress: DeliveryProgress, head: string): WebhookAnswer {
  const { name, url, filters, from, createdAt, updatedAt } = webhook;
  const place = progress.position === 'start' ? '0' : progress.position;
  const end = head === 'start' ? '0' : head;
  const lagEvents =
    place !== null && DECIMAL.test(place) && DECIMAL.test(end) ? Math.max(0, Number(BigInt(end) - BigInt(place))) : null;
  return { name, url, filters, from, createdAt, updatedAt, ...progress, lagEvents };
}

const { text, integer, instant, orNull, array, object } = schema;

export const webhookSchema = object<WebhookAnswer>({
  name: text(),
  url: text('With `****` for the values of its query.'),
  filters: object<WebhookFilters>({ types: array(text()), devices: array(text()), hubs: array(text()) }),
  from: text('Where it began.'),
  createdAt: instant(),
  updatedAt: instant(),
  position: orNull(text('Everything up to here has been looked at; null before a worker has begun.')),
  lagEvents: orNull(integer('Events of the log that have not been looked at.')),
  delivered: integer(),
  pending: integer('Events that wait to be delivered, also those behind a dead letter.'),
  dead: integer('Dead letters.'),
  attemptsFailed: integer(),
  lastDeliveredAt: orNull(instant()),
  lastFailedAt: orNull(instant()),
  lastError: orNull(text()),
});

export const deadLetterSchema = object<DeadLetter>({
  id: text('Of the event.'),
  type: text(),
  stream: text(),
  revision: schema.revision(),
  position: text(),
  attempts: integer(),
  error: orNull(text()),
  diedAt: instant(),
  waiting: integer('Later events of the same stream that wait for this one.'),
});

export const retriedSchema = object<{ retried: number }>({ retried: integer('Dead letters that are delivered again.') });
