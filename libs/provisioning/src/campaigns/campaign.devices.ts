import { createHash } from 'node:crypto';
import { LinkedHubs } from '../hubs/linked-hubs';
import { RegistrationState, currentAssignment } from '../registrations/registration.state';
import { RegistrationStore } from '../registrations/registration.store';
import { rendezvous } from '../registrations/rendezvous';
import { ReprovisionRequests } from '../reprovision/reprovision.request';
import { RequestContext } from '../shared/request-context';
import { SentDevice, SettledDevice } from './campaign.events';
import { Campaign, WaitingDevice } from './campaign.state';
import { CampaignStore } from './campaign.store';

/** A campaign does not wait for devices that are not connected. */
const CONNECT_TIMEOUT_MS = 0;

/** What a campaign does with one device at a time, through the device's own stream; everything may be done twice. */
export class CampaignDevices {
  constructor(
    private readonly registrations: RegistrationStore,
    private readonly campaigns: CampaignStore,
    private readonly requests: Pick<ReprovisionRequests, 'request'>,
    private readonly hubs: LinkedHubs,
    private readonly now: () => Date,
  ) {}

  /** Where the devices of a wave are to go. */
  async plan({ plan }: Campaign, registrationIds: readonly string[]): Promise<SentDevice[]> {
    const { selection } = plan;
    const undone = selection.by === 'undo' ? await this.campaigns.read(selection.campaignId) : undefined;
    const weights = (await this.hubs.readRecent()).linked;
    const candidates = plan.hubs.map((hub) => ({ hub, weight: weights.get(hub)?.allocationWeight ?? 1 }));
    return Promise.all(
      registrationIds.map(async (registrationId) => {
        const from = currentAssignment((await this.registrations.read(registrationId)).state)?.hub ?? null;
        if (undone === undefined || undone.status === 'absent') {
          return { registrationId, from, hub: rendezvous(registrationId, candidates) };
        }
        const before = undone.moved.get(registrationId);
        return {
          registrationId,
          from,
          hub: before?.from ?? from ?? '',
          ...(before === undefined ? {} : { restores: before.operationId }),
        };
      }),
    );
  }

  /** Tells the device's registration where it is to go, and asks the device to come back if it is connected. */
  async send(campaign: Campaign, { registrationId, hub, restores, wave }: WaitingDevice): Promise<void> {
    const { campaignId, plan } = campaign;
    const context = contextOf(campaignId, `${wave}`, registrationId);
    const before = (await this.registrations.read(registrationId)).state;
    if (before.status === 'unassigned') return;
    const destination = restores === undefined ? { campaignId, hub } : { campaignId, hub, restores };
    const command = { type: 'SetDestination', destination, at: this.now().toISOString() } as const;
    const { state } = await this.registrations.handle(registrationId, command, context);
    const isAsked = state.status !== 'unassigned' && state.reprovisionRequestId === context.correlationId;
    if (!plan.askConnected || isAsked || currentAssignment(state)?.hub === hub) return;
    await this.requests.request(registrationId, context, CONNECT_TIMEOUT_MS);
  }

  /** What has become of a device that was sent; undefined while it has not called. */
  async outcome({ campaignId }: Campaign, device: WaitingDevice): Promise<SettledDevice | undefined> {
    return outcomeOf(campaignId, device, (await this.registrations.read(device.registrationId)).state);
  }

  /** Takes a device back that has not called; one that has, before that or at this moment, ends as it does. undefined: it is on its way. */
  async recall(campaign: Campaign, device: WaitingDevice): Promise<SettledDevice | undefined> {
    const { registrationId, from } = device;
    const { state } = await this.registrations.read(registrationId);
    if (state.status === 'assigning') return undefined;
    const settled = outcomeOf(campaign.campaignId, device, state);
    if (settled !== undefined) return settled;
    await this.clear(campaign.campaignId, registrationId);
    const detail = 'the campaign was aborted before it called';
    return { registrationId, outcome: 'recalled', hub: from, operationId: null, detail };
  }

  async clear(campaignId: string, registrationId: string): Promise<void> {
    const command = { type: 'ClearDestination', campaignId, at: this.now().toISOString() } as const;
    await this.registrations.handle(registrationId, command, contextOf(campaignId, 'clear', registrationId));
  }
}

export function outcomeOf(
  campaignId: string,
  { registrationId, hub: wanted }: SentDevice,
  state: RegistrationState,
): SettledDevice | undefined {
  if (state.status === 'unassigned') {
    return { registrationId, outcome: 'failed', hub: null, operationId: null, detail: 'it is not registered any more' };
  }
  const { destination, operationId } = state;
  const hub = currentAssignment(state)?.hub ?? null;
  const settled = (outcome: SettledDevice['outcome'], detail: string): SettledDevice => {
    return { registrationId, outcome, hub, operationId, detail };
  };
  if (destination === undefined) return undefined;
  if (destination.campaignId !== campaignId) return settled('failed', `campaign ${destination.campaignId} has sent it on`);
  if (state.status === 'assigning') return undefined;
  if (state.status === 'assigned' && hub === wanted) return settled('moved', `is on ${wanted}`);
  if (operationId === destination.after) return undefined;
  switch (state.status) {
    case 'assigned':
      return settled('stayed', `has called and stays on ${hub ?? 'no hub'}`);
    case 'failed':
      return settled('failed', state.errorMessage);
    case 'disabled':
      return settled('failed', 'its enrollment is disabled');
  }
}

/** The same for the same act, so that a device is not asked twice when the process starts again. */
function contextOf(campaignId: string, act: string, registrationId: string): RequestContext {
  const hex = createHash('sha256')
    .update(JSON.stringify([campaignId, act, registrationId]))
    .digest('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)];
  return { actor: { kind: 'system', name: `campaign ${campaignId}` }, correlationId: parts.join('-') };
}
