import { JsonObject, textIn } from '../../api/types';

export interface Campaign {
  readonly campaignId: string;
  readonly name: string;
  readonly status: 'draft' | 'running' | 'paused' | 'aborted' | 'ended';
  readonly plan: {
    readonly selection: JsonObject;
    readonly hubs: readonly string[];
    readonly waveSize: number;
    readonly pauseS: number;
    readonly failuresMax: number | null;
  };
  readonly wave: number;
  readonly progress: Progress;
  readonly abortReason: string | null;
  readonly undoneBy: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export interface Progress {
  readonly selected: number;
  readonly queued: number;
  readonly waiting: number;
  readonly moved: number;
  readonly stayed: number;
  readonly failed: number;
  readonly recalled: number;
}

export interface CampaignDevice {
  readonly registrationId: string;
  readonly wave: number;
  readonly from: string | null;
  readonly to: string;
  readonly outcome: string;
  readonly detail: string | null;
  readonly sentAt: string;
}

export interface CampaignEffects {
  readonly selected: number;
  readonly examined: number;
  readonly waves: number;
  readonly effects: Readonly<Record<'migrate' | 'reset' | 'stay' | 'alreadyThere' | 'fail', number>>;
  readonly flows: readonly { readonly from: string | null; readonly to: string | null; readonly devices: number }[];
}

/** What changes how far a campaign is. */
export const campaignEvents = [
  'CampaignCreated',
  'CampaignStarted',
  'DevicesSelected',
  'WaveStarted',
  'DevicesSettled',
  'WaveEnded',
  'CampaignPaused',
  'CampaignResumed',
  'CampaignAborted',
  'CampaignEnded',
  'CampaignUndone',
  'CampaignReleased',
] as const;

/** Every device of a selection is in exactly one of these. */
export const parts = [
  { id: 'moved', title: 'moved', tone: 'good' },
  { id: 'stayed', title: 'stayed', tone: '' },
  { id: 'failed', title: 'failed', tone: 'bad' },
  { id: 'waiting', title: 'waiting', tone: 'busy' },
  { id: 'recalled', title: 'recalled', tone: '' },
  { id: 'queued', title: 'queued', tone: '' },
] as const;

export const statusTones: Readonly<Record<Campaign['status'], string>> = {
  draft: '',
  running: 'busy',
  paused: 'busy',
  aborted: 'bad',
  ended: 'good',
};

export function titleOf({ name, campaignId }: Pick<Campaign, 'name' | 'campaignId'>): string {
  return name === '' ? campaignId : name;
}

export function selectionWords(selection: JsonObject): string {
  switch (selection.by) {
    case 'hub':
      return `devices on ${textIn(selection.hub)}`;
    case 'enrollmentGroup':
      return `devices of group ${textIn(selection.enrollmentGroupId)}`;
    case 'tag':
      return `devices with ${textIn(selection.tag)} = ${JSON.stringify(selection.value)}`;
    case 'undo':
      return 'devices that an earlier campaign moved';
    default:
      return 'named devices';
  }
}
