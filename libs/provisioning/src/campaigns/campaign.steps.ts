import { Campaign } from './campaign.state';

/** What is to be done next for a campaign. */
export type NextStep =
  | { readonly do: 'select'; readonly part: number }
  | { readonly do: 'startWave'; readonly wave: number; readonly registrationIds: readonly string[] }
  /** Send and ask the devices of the wave under way, and look at all that have not called yet. */
  | { readonly do: 'watch' }
  | { readonly do: 'endWave'; readonly wave: number }
  /** Take back the destinations of the devices that have not called. */
  | { readonly do: 'recall' }
  | { readonly do: 'end' }
  /** Take back the destinations of the devices that have moved. */
  | { readonly do: 'release' }
  | { readonly do: 'nothing' };

const SECOND_MS = 1_000;

/** The process manager's whole mind: from the campaign as the log has it, and the time, to the next step. */
export function nextStep(campaign: Campaign, nowMs: number): NextStep {
  if (campaign.isOver) return campaign.release === 'requested' ? { do: 'release' } : { do: 'nothing' };
  if (campaign.status === 'aborted') return campaign.waiting.size > 0 ? { do: 'recall' } : { do: 'end' };
  if (campaign.status === 'draft' || campaign.status === 'ended') return { do: 'nothing' };
  // A pause holds back further waves; devices that were sent still arrive.
  if (campaign.status === 'paused') return { do: 'watch' };
  if (!campaign.isSelected) return { do: 'select', part: campaign.parts + 1 };
  const isUnderWay = campaign.wave > 0 && campaign.waveEndedAt === null;
  if (isUnderWay) return waveIsOver(campaign, nowMs) ? { do: 'endWave', wave: campaign.wave } : { do: 'watch' };
  if (campaign.queue.length === 0) return campaign.waiting.size === 0 ? { do: 'end' } : { do: 'watch' };
  if (!pauseIsOver(campaign, nowMs)) return { do: 'watch' };
  const { wave, queue, plan } = campaign;
  return { do: 'startWave', wave: wave + 1, registrationIds: queue.slice(0, plan.waveSize) };
}

function waveIsOver({ wave, waiting, waveStartedAt, plan }: Campaign, nowMs: number): boolean {
  const isWaitedFor = [...waiting.values()].some((device) => device.wave === wave);
  return !isWaitedFor || nowMs - Date.parse(waveStartedAt ?? '') >= plan.waveTimeoutS * SECOND_MS;
}

function pauseIsOver({ wave, waveEndedAt, plan }: Campaign, nowMs: number): boolean {
  return wave === 0 || nowMs - Date.parse(waveEndedAt ?? '') >= plan.pauseS * SECOND_MS;
}
