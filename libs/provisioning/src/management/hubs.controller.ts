import { Get, Inject, Param, Query } from '@nestjs/common';
import { LinkedHubs } from '../hubs/linked-hubs';
import { RequireRight } from '../operators/require-right.guard';
import { hubMembershipProjection } from '../read-models/hub-membership.projection';
import { HubMembership, countHubDevices, listHubDevices } from '../read-models/hub-membership.queries';
import { Page } from '../read-models/page';
import type { ReadDatabase } from '../shared/read-database';
import { READ_DATABASE } from '../shared/tokens';
import { listOf, membershipSchema } from './answers';
import { Documented, ManagementController } from './documented';
import { AtLeastQuery, PageQuery } from './inputs.dto';
import { HostNamePipe } from './path.pipe';
import { ReadOwnWrites } from './projection-monitor';
import { schema } from './schemas';

interface HubAnswer {
  readonly hub: string;
  /** A hub that is not linked any more may still have devices. */
  readonly linked: boolean;
  readonly devices: number;
}

const hubSchema = schema.object<HubAnswer>({
  hub: schema.text(),
  linked: schema.boolean('A hub that is not linked any more may still have devices.'),
  devices: schema.integer(),
});

@ManagementController('hubs', 'Hubs')
@RequireRight('RegistrationStatusRead')
export class HubsController {
  constructor(
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
    private readonly linkedHubs: LinkedHubs,
    private readonly ownWrites: ReadOwnWrites,
  ) {}

  @Get()
  @Documented({ summary: 'How many devices each hub has', answer: listOf(hubSchema), errors: [400, 503] })
  async counts(@Query() query: AtLeastQuery): Promise<{ items: HubAnswer[] }> {
    await this.ownWrites.wait(query.atLeast, hubMembershipProjection);
    const [{ linked }, counts] = await Promise.all([this.linkedHubs.read(), countHubDevices(this.database)]);
    const devices = new Map(counts.map(({ hub, devices: count }) => [hub, count]));
    const names = [...new Set([...linked.keys(), ...devices.keys()])].sort();
    return { items: names.map((hub) => ({ hub, linked: linked.has(hub), devices: devices.get(hub) ?? 0 })) };
  }

  @Get(':hostName/devices')
  @Documented({
    summary: 'The devices of a hub, since when and from where',
    answer: schema.page(membershipSchema),
    errors: [400, 503],
  })
  async devices(@Param('hostName', HostNamePipe) hostName: string, @Query() query: PageQuery): Promise<Page<HubMembership>> {
    await this.ownWrites.wait(query.atLeast, hubMembershipProjection);
    return listHubDevices(this.database, hostName, query);
  }
}
