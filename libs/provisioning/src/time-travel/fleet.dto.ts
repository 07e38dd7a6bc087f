import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsDefined, IsIn, IsOptional, Matches } from 'class-validator';
import { AtLeastQuery, HOST_NAME, IsInstant, PageQuery } from '../management/inputs.dto';
import { schema } from '../management/schemas';
import { deviceStatusWords } from '../read-models/device-status.queries';
import type { DeviceStatusWord } from '../read-models/device-status.queries';
import { FleetChange, FleetDiff, FleetTotals, Placement, fleetChangeWords } from './fleet-diff.queries';
import type { Fleet, FleetDevice } from './fleet.queries';

const { text, word, instant, integer, boolean, revision, array, orNull, object } = schema;

export class FleetQuery extends AtLeastQuery {
  @IsOptional()
  @IsInstant('As it was at this time; now when left out.')
  readonly at?: string;
}

export class FleetDevicesQuery extends PageQuery {
  @IsOptional()
  @IsInstant('As it was at this time; now when left out. Send the same one for every page.')
  readonly at?: string;

  @ApiPropertyOptional({ description: 'Host name of the hub that had the device.' })
  @IsOptional()
  @Matches(HOST_NAME, { message: 'hub must be a host name' })
  readonly hub?: string;

  @ApiPropertyOptional({ enum: deviceStatusWords })
  @IsOptional()
  @IsIn(deviceStatusWords)
  readonly status?: DeviceStatusWord;
}

export class FleetDiffQuery extends PageQuery {
  @IsDefined()
  @IsInstant('The earlier time; required.')
  readonly from!: string;

  @IsOptional()
  @IsInstant('The later time; now when left out. Send the same one for every page.')
  readonly to?: string;
}

export const fleetSchema = object<Fleet>({
  at: instant(),
  devices: integer('All that were registered then.'),
  hubs: array(object<Fleet['hubs'][number]>({ hub: text(), devices: integer() })),
  statuses: array(object<Fleet['statuses'][number]>({ status: word(...deviceStatusWords), devices: integer() })),
});

export const fleetDeviceSchema = object<FleetDevice>({
  registrationId: text(),
  status: word(...deviceStatusWords),
  hub: orNull(text('While assigning: the hub that still had the device.')),
  since: instant('When this became so.'),
  revision: revision(),
});

const placement = orNull(object<Placement>({ hub: orNull(text()), status: word(...deviceStatusWords) }));

export const fleetDiffSchema = object<FleetDiff>({
  from: instant(),
  to: instant(),
  totals: object<FleetTotals>({
    moved: integer(),
    appeared: integer(),
    removed: integer(),
    statusChanged: integer('Those that are in the same hub.'),
    twinsChanged: integer('Of all devices, moved or not.'),
  }),
  items: array(
    object<FleetChange>({
      registrationId: text(),
      change: word(...fleetChangeWords),
      from: placement,
      to: placement,
      twinChanged: boolean(
        'A twin was written for it between the two: by a move, a reset or, at hubs whose log can be read, by anybody.',
      ),
    }),
  ),
  nextCursor: orNull(text('Send it as `cursor` for the next page, with the same `from` and `to`; null on the last one.')),
});
