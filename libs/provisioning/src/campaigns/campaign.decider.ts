import { isDeepStrictEqual } from 'node:util';
import { Decider, Rejected } from '@app/event-sourcing';
import { CampaignEvent, CampaignPlan, SentDevice, SettledDevice } from './campaign.events';
import { Campaign, CampaignState, absent, evolve, progressOf } from './campaign.state';

/** Devices of one campaign; a larger fleet is moved by several. */
export const CAMPAIGN_DEVICES_MAX = 100_000;
export const WAVE_DEVICES_MAX = 1_000;

/** What an operator says. */
type OperatorCommand =
  | { readonly type: 'CreateCampaign'; readonly campaignId: string; readonly plan: CampaignPlan; readonly at: string }
  | { readonly type: 'StartCampaign'; readonly at: string }
  | { readonly type: 'PauseCampaign'; readonly at: string }
  | { readonly type: 'ResumeCampaign'; readonly at: string }
  | { readonly type: 'AbortCampaign'; readonly at: string }
  | { readonly type: 'UndoCampaign'; readonly by: string; readonly at: string }
  | { readonly type: 'ReleaseCampaign'; readonly at: string };

/** What the process manager has found or is about to do; each names what it knew, so that two of them cannot do a thing twice. */
type StepCommand =
  | {
      readonly type: 'AddSelected';
      readonly part: number;
      readonly registrationIds: readonly string[];
      readonly complete: boolean;
      readonly at: string;
    }
  | { readonly type: 'StartWave'; readonly wave: number; readonly devices: readonly SentDevice[]; readonly at: string }
  | { readonly type: 'SettleDevices'; readonly devices: readonly SettledDevice[]; readonly at: string }
  | { readonly type: 'EndWave'; readonly wave: number; readonly at: string }
  | { readonly type: 'EndCampaign'; readonly at: string }
  | { readonly type: 'EndRelease'; readonly at: string };

export type CampaignCommand = OperatorCommand | StepCommand;

export type CampaignRejection = 'campaign-exists' | 'campaign-not-found' | 'campaign-not-in-that-state';

function decide(command: CampaignCommand, state: CampaignState): readonly CampaignEvent[] {
  if (command.type === 'CreateCampaign') return create(command, state);
  if (state.status === 'absent') throw new Rejected<CampaignRejection>('campaign-not-found', 'there is no such campaign');
  switch (command.type) {
    case 'StartCampaign':
      if (state.status === 'draft') return [{ type: 'CampaignStarted', data: { at: command.at } }];
      return alreadyOr(state, 'running', 'started');
    case 'PauseCampaign':
      if (state.status === 'running') return [{ type: 'CampaignPaused', data: { at: command.at } }];
      return alreadyOr(state, 'paused', 'paused');
    case 'ResumeCampaign':
      if (state.status === 'paused') return [{ type: 'CampaignResumed', data: { at: command.at } }];
      return alreadyOr(state, 'running', 'resumed');
    case 'AbortCampaign':
      if (state.status === 'ended') return alreadyOr(state, 'aborted', 'aborted');
      return state.status === 'aborted' ? [] : [aborted(state, 'operator', command.at)];
    case 'UndoCampaign':
      if (!state.isOver) return alreadyOr(state, 'ended', 'undone before it is over');
      return state.undoneBy === null ? [{ type: 'CampaignUndone', data: { by: command.by, at: command.at } }] : [];
    case 'ReleaseCampaign':
      if (!state.isOver) return alreadyOr(state, 'ended', 'released before it is over');
      return state.release === 'none' ? [{ type: 'CampaignReleaseRequested', data: { at: command.at } }] : [];
    case 'AddSelected':
    case 'StartWave':
    case 'SettleDevices':
    case 'EndWave':
    case 'EndCampaign':
    case 'EndRelease':
      return step(command, state);
  }
}

function step(command: StepCommand, state: Campaign): readonly CampaignEvent[] {
  const { at } = command;
  switch (command.type) {
    case 'AddSelected': {
      if (state.status !== 'running' || state.isSelected || command.part !== state.parts + 1) return [];
      const { part, complete } = command;
      const queued = new Set(state.queue);
      const registrationIds = [...new Set(command.registrationIds)].filter((id) => !queued.has(id));
      const known = progressOf(state);
      const count = registrationIds.length;
      const progress = { ...known, selected: known.selected + count, queued: known.queued + count };
      return [{ type: 'DevicesSelected', data: { part, registrationIds, complete, progress, at } }];
    }
    case 'StartWave':
      return startWave(command, state);
    case 'SettleDevices':
      return settle(command.devices, state, at);
    case 'EndWave':
      if (state.wave !== command.wave || state.waveEndedAt !== null) return [];
      return [{ type: 'WaveEnded', data: { wave: command.wave, waiting: state.waiting.size, at } }];
    case 'EndCampaign': {
      const { status, isSelected, queue, waiting } = state;
      const isDone = waiting.size === 0 && (status === 'aborted' || (status === 'running' && isSelected && queue.length === 0));
      return state.isOver || !isDone ? [] : [{ type: 'CampaignEnded', data: { progress: progressOf(state), at } }];
    }
    case 'EndRelease':
      return state.release === 'requested' ? [{ type: 'CampaignReleased', data: { at } }] : [];
  }
}

function create(
  { campaignId, plan, at }: Extract<OperatorCommand, { type: 'CreateCampaign' }>,
  state: CampaignState,
): readonly CampaignEvent[] {
  if (state.status === 'absent') return [{ type: 'CampaignCreated', data: { campaignId, plan, at } }];
  if (isDeepStrictEqual(state.plan, plan)) return [];
  throw new Rejected<CampaignRejection>('campaign-exists', `there is a campaign ${campaignId} already`);
}

/** Said twice is fine; anything else is told what the campaign is. */
function alreadyOr(state: Campaign, wanted: Campaign['status'], participle: string): readonly CampaignEvent[] {
  if (state.status === wanted) return [];
  throw new Rejected<CampaignRejection>(
    'campaign-not-in-that-state',
    `a campaign that is ${state.status} cannot be ${participle}`,
  );
}

function aborted(state: Campaign, reason: 'operator' | 'failures', at: string): CampaignEvent {
  return { type: 'CampaignAborted', data: { reason, progress: { ...progressOf(state), queued: 0 }, at } };
}

/** Sends each device that is still queued, once; one that was sent before is waited for, or has settled. */
function startWave(
  { wave, devices, at }: Extract<StepCommand, { type: 'StartWave' }>,
  state: Campaign,
): readonly CampaignEvent[] {
  const isTurn = state.wave === 0 || state.waveEndedAt !== null;
  if (state.status !== 'running' || !isTurn || wave !== state.wave + 1) return [];
  const queued = new Set(state.queue);
  const sent = eachOnce(devices).filter(({ registrationId }) => queued.has(registrationId));
  if (sent.length === 0) return [];
  const known = progressOf(state);
  const progress = { ...known, queued: known.queued - sent.length, waiting: known.waiting + sent.length };
  return [{ type: 'WaveStarted', data: { wave, devices: sent, progress, at } }];
}

/** The first of each device. */
function eachOnce<Device extends { readonly registrationId: string }>(devices: readonly Device[]): readonly Device[] {
  const seen = new Set<string>();
  return devices.filter(({ registrationId }) => !seen.has(registrationId) && seen.add(registrationId));
}

/** Too many failures end it at once: what has not been sent stays where it is. */
function settle(devices: readonly SettledDevice[], state: Campaign, at: string): readonly CampaignEvent[] {
  const news = eachOnce(devices).filter(({ registrationId }) => state.waiting.has(registrationId));
  if (news.length === 0 || state.isOver) return [];
  const bare: CampaignEvent = { type: 'DevicesSettled', data: { devices: news, progress: progressOf(state), at } };
  const after = evolve(state, bare) as Campaign;
  const settled: CampaignEvent = { type: 'DevicesSettled', data: { devices: news, progress: progressOf(after), at } };
  const { failuresMax } = state.plan;
  const isTooMuch = failuresMax !== null && after.counts.failed > failuresMax && state.status !== 'aborted';
  return isTooMuch ? [settled, aborted(after, 'failures', at)] : [settled];
}

export const campaignDecider: Decider<CampaignState, CampaignCommand, CampaignEvent> = { initialState: absent, decide, evolve };
