import { CommandOutcome, EventStore, StateReader, handleCommand } from '@app/event-sourcing';
import { RequestContext, commandContext } from '../shared/request-context';
import { CampaignCommand, campaignDecider } from './campaign.decider';
import { CampaignEvent, campaignCodec, campaignStream } from './campaign.events';
import { CampaignState } from './campaign.state';

/** A campaign of a hundred thousand devices is some megabytes when folded. */
const STATES_MAX = 20;

/** Campaigns by id: the one place where their streams are read and written. */
export class CampaignStore {
  private readonly states: StateReader<CampaignState, CampaignEvent>;

  constructor(private readonly store: EventStore) {
    this.states = new StateReader(store, campaignDecider, campaignCodec, { statesMax: STATES_MAX });
  }

  async read(campaignId: string): Promise<CampaignState> {
    return (await this.states.read(campaignStream(campaignId))).state;
  }

  handle(
    campaignId: string,
    command: CampaignCommand,
    request: RequestContext,
  ): Promise<CommandOutcome<CampaignState, CampaignEvent>> {
    const { store, states } = this;
    const handling = { store, states, decider: campaignDecider, codec: campaignCodec };
    return handleCommand(handling, commandContext(campaignStream(campaignId), request), command);
  }
}
