import { CampaignEvent, CampaignPlan, CampaignProgress, DeviceOutcome, SentDevice, SettledDevice } from './campaign.events';

/** A device that the campaign has sent and that has not called since. */
export interface WaitingDevice extends SentDevice {
  readonly wave: number;
}

/** A device that has moved: what an undo needs to know of it. */
export interface MovedDevice {
  readonly registrationId: string;
  readonly from: string | null;
  readonly hub: string;
  readonly operationId: string;
}

export type CampaignStatus = 'draft' | 'running' | 'paused' | 'aborted' | 'ended';

export interface Campaign {
  readonly status: CampaignStatus;
  readonly campaignId: string;
  readonly plan: CampaignPlan;
  readonly createdAt: string;
  /** Parts of the selection that are written down, and whether that is all. */
  readonly parts: number;
  readonly selected: number;
  readonly isSelected: boolean;
  /** Still to be sent, in order. */
  readonly queue: readonly string[];
  /** 0 before the first. */
  readonly wave: number;
  readonly waveStartedAt: string | null;
  /** Null while a wave is under way, and before the first. */
  readonly waveEndedAt: string | null;
  readonly waiting: ReadonlyMap<string, WaitingDevice>;
  readonly moved: ReadonlyMap<string, MovedDevice>;
  readonly counts: Readonly<Record<DeviceOutcome, number>>;
  /** Ended, or aborted with nothing left to be recalled. */
  readonly isOver: boolean;
  readonly undoneBy: string | null;
  /** Asked for, or done. */
  readonly release: 'none' | 'requested' | 'done';
}

export type CampaignState = { readonly status: 'absent' } | Campaign;
export const absent: CampaignState = { status: 'absent' };

export function progressOf({ selected, queue, waiting, counts }: Campaign): CampaignProgress {
  return { selected, queued: queue.length, waiting: waiting.size, ...counts };
}

export function evolve(state: CampaignState, event: CampaignEvent): CampaignState {
  if (event.type === 'CampaignCreated') return created(event.data);
  if (state.status === 'absent') return state;
  switch (event.type) {
    case 'CampaignStarted':
    case 'CampaignResumed':
      return { ...state, status: 'running' };
    case 'CampaignPaused':
      return { ...state, status: 'paused' };
    case 'DevicesSelected': {
      const { part, registrationIds, complete } = event.data;
      const queue = [...state.queue, ...registrationIds];
      return { ...state, parts: part, isSelected: complete, queue, selected: state.selected + registrationIds.length };
    }
    case 'WaveStarted':
      return waveStarted(state, event.data);
    case 'WaveEnded':
      return { ...state, waveEndedAt: event.data.at };
    case 'DevicesSettled':
      return settled(state, event.data.devices);
    case 'CampaignAborted':
      return { ...state, status: 'aborted', queue: [] };
    case 'CampaignEnded':
      return { ...state, status: state.status === 'aborted' ? 'aborted' : 'ended', isOver: true };
    case 'CampaignUndone':
      return { ...state, undoneBy: event.data.by };
    case 'CampaignReleaseRequested':
      return { ...state, release: 'requested' };
    case 'CampaignReleased':
      return { ...state, release: 'done' };
  }
}

function created({ campaignId, plan, at }: Extract<CampaignEvent, { type: 'CampaignCreated' }>['data']): Campaign {
  return {
    status: 'draft',
    campaignId,
    plan,
    createdAt: at,
    parts: 0,
    selected: 0,
    isSelected: false,
    queue: [],
    wave: 0,
    waveStartedAt: null,
    waveEndedAt: null,
    waiting: new Map(),
    moved: new Map(),
    counts: { moved: 0, stayed: 0, failed: 0, recalled: 0 },
    isOver: false,
    undoneBy: null,
    release: 'none',
  };
}

function waveStarted(state: Campaign, { wave, devices, at }: Extract<CampaignEvent, { type: 'WaveStarted' }>['data']): Campaign {
  const waiting = new Map(state.waiting);
  for (const device of devices) waiting.set(device.registrationId, { ...device, wave });
  const sent = new Set(devices.map(({ registrationId }) => registrationId));
  const queue = state.queue.filter((registrationId) => !sent.has(registrationId));
  return { ...state, wave, queue, waiting, waveStartedAt: at, waveEndedAt: null };
}

/** Maps are copied once an event, because a campaign may have a hundred thousand devices. */
function settled(state: Campaign, devices: readonly SettledDevice[]): Campaign {
  const waiting = new Map(state.waiting);
  const moved = new Map(state.moved);
  const counts = { ...state.counts };
  for (const { registrationId, outcome, hub, operationId } of devices) {
    const sent = waiting.get(registrationId);
    if (sent === undefined) continue;
    waiting.delete(registrationId);
    counts[outcome] += 1;
    if (outcome !== 'moved' || hub === null || operationId === null) continue;
    moved.set(registrationId, { registrationId, from: sent.from, hub, operationId });
  }
  return { ...state, waiting, moved, counts };
}
