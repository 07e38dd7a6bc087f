import { Inject, Injectable } from '@nestjs/common';
import { CommandOutcome } from '@app/event-sourcing';
import { LinkedHubs } from '../hubs/linked-hubs';
import { ProblemError } from '../management/problem';
import { schema } from '../management/schemas';
import { RequestContext } from '../shared/request-context';
import { CLOCK } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { CampaignEvent, CampaignPlan } from './campaign.events';
import { CampaignState, progressOf } from './campaign.state';
import { CampaignStore } from './campaign.store';

export type OperatorAct = 'StartCampaign' | 'PauseCampaign' | 'ResumeCampaign' | 'AbortCampaign' | 'ReleaseCampaign';

/** Where a campaign stands after a command, from its stream. */
export interface CampaignAnswer {
  readonly campaignId: string;
  readonly status: string;
  readonly wave: number;
  readonly progress: ReturnType<typeof progressOf>;
}

export const campaignAnswerSchema = schema.object<CampaignAnswer>({
  campaignId: schema.text(),
  status: schema.word('draft', 'running', 'paused', 'aborted', 'ended'),
  wave: schema.integer(),
  progress: schema.anyObject('Devices: selected, queued, waiting, moved, stayed, failed, recalled.'),
});

interface Told {
  readonly answer: CampaignAnswer;
  /** undefined where nothing was to be done. */
  readonly position: string | undefined;
}

/** What operators do with campaigns. */
@Injectable()
export class CampaignCommands {
  constructor(
    private readonly campaigns: CampaignStore,
    private readonly hubs: LinkedHubs,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Error: `ProblemError` 400 for a hub that is not linked. */
  async checkHubs({ hubs, selection }: CampaignPlan): Promise<void> {
    const { linked } = await this.hubs.read();
    const named = selection.by === 'hub' ? [...hubs, selection.hub] : hubs;
    const unknown = named.filter((hub) => !linked.has(hub));
    if (unknown.length > 0) throw ProblemError.invalidRequest(`Not linked: ${unknown.join(', ')}.`);
  }

  async create(campaignId: string, plan: CampaignPlan, caller: RequestContext): Promise<Told> {
    const command = { type: 'CreateCampaign', campaignId, plan, at: this.now() } as const;
    return told(await this.campaigns.handle(campaignId, command, caller));
  }

  /** Errors: `Rejected` where there is no such campaign, or it cannot be done to it now. */
  async act(type: OperatorAct, campaignId: string, caller: RequestContext): Promise<Told> {
    return told(await this.campaigns.handle(campaignId, { type, at: this.now() }, caller));
  }

  /** The undoing campaign has its id from the one undone, so that asking twice makes one. */
  async undo(campaignId: string, caller: RequestContext): Promise<Told> {
    const by = `${campaignId}-undo`;
    const { state } = await this.campaigns.handle(campaignId, { type: 'UndoCampaign', by, at: this.now() }, caller);
    if (state.status === 'absent') throw ProblemError.notFound(`There is no campaign ${campaignId}.`);
    const { name, waveSize, pauseS, waveTimeoutS, failuresMax, askConnected } = state.plan;
    const plan: CampaignPlan = {
      name: name === '' ? '' : `Undo: ${name}`,
      selection: { by: 'undo', campaignId: state.campaignId },
      hubs: [],
      waveSize,
      pauseS,
      waveTimeoutS,
      failuresMax,
      askConnected,
    };
    await this.create(by, plan, caller);
    const undoing = await this.campaigns.read(by);
    if (undoing.status !== 'draft') return { answer: answerOf(undoing), position: undefined };
    return this.act('StartCampaign', by, caller);
  }

  private now(): string {
    return this.clock().toISOString();
  }
}

function told({ state, position }: CommandOutcome<CampaignState, CampaignEvent>): Told {
  return { answer: answerOf(state), position };
}

function answerOf(state: CampaignState): CampaignAnswer {
  if (state.status === 'absent') throw new Error('a command on a campaign has left none');
  const { campaignId, status, wave } = state;
  return { campaignId, status, wave, progress: progressOf(state) };
}
