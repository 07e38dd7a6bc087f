import { Transform } from 'class-transformer';
import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsOptional, Matches } from 'class-validator';
import { HOST_NAME, ID, IsInstant } from '../management/inputs.dto';
import { FILTER_VALUES_MAX, FeedFilter } from './feed-filter';

export const EVENT_TYPE = /^(?:rehome\.)?[A-Za-z]{1,64}$/;
export const FEED_POSITION = /^(?:start|end|[0-9]{1,20}(?::[0-9]{1,20})?)$/;
const TYPE_PREFIX = /^rehome\./;

/** A query parameter that may be repeated. */
function Repeated(pattern: RegExp, what: string, description: string): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ type: [String], description: `${description} May be repeated: any of them.` }),
    IsOptional(),
    Transform(({ value }: { value: unknown }) => (value === undefined || Array.isArray(value) ? (value as unknown) : [value])),
    ArrayMaxSize(FILTER_VALUES_MAX),
    Matches(pattern, { each: true, message: ({ property }) => `${property} must be ${what}` }),
  );
}

export class FeedFilterQuery {
  @Repeated(EVENT_TYPE, 'the type of an event', 'Type of the event, such as `DeviceAssigned`, with or without `rehome.`.')
  readonly type?: readonly string[];

  @Repeated(ID, 'a registration id', 'Registration id of the device.')
  readonly device?: readonly string[];

  @Repeated(HOST_NAME, 'a host name', 'Host name of a hub that the event names.')
  readonly hub?: readonly string[];
}

export class FeedQuery extends FeedFilterQuery {
  @ApiPropertyOptional({
    default: 'end',
    description: 'Where to begin: `start`, `end`, or the position after which events are wanted. `Last-Event-ID` goes before it.',
  })
  @IsOptional()
  @Matches(FEED_POSITION, { message: 'from must be start, end or a position of the log' })
  readonly from?: string;
}

export class ReplayQuery extends FeedFilterQuery {
  @IsOptional()
  @IsInstant('Stored at or after.')
  readonly since?: string;

  @IsOptional()
  @IsInstant('Stored before.')
  readonly until?: string;
}

export function filterIn({ type = [], device = [], hub = [] }: FeedFilterQuery): FeedFilter {
  return { types: type.map((name) => name.replace(TYPE_PREFIX, '')), devices: device, hubs: hub };
}
