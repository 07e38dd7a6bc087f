import { RunningService } from './running-service';

export interface CampaignAnswer {
  readonly campaignId: string;
  readonly status: string;
  readonly wave: number;
  readonly abortReason: string | null;
  readonly progress: Readonly<Record<'selected' | 'queued' | 'waiting' | 'moved' | 'stayed' | 'failed' | 'recalled', number>>;
}

const TIMEOUT_MS = 30_000;
const POLL_MS = 50;

/** Asks for the campaign until it is as wanted. */
export async function campaignUntil(
  service: RunningService,
  campaignId: string,
  holds: (campaign: CampaignAnswer) => boolean,
): Promise<CampaignAnswer> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const answer = await service.manage('GET', `/campaigns/${campaignId}`);
    const campaign = answer.json() as CampaignAnswer;
    if (answer.status === 200 && holds(campaign)) return campaign;
    if (Date.now() > deadline) throw new Error(`not within ${TIMEOUT_MS} ms, it stands at ${answer.text}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Plans and starts a campaign. */
export async function startCampaign(service: RunningService, campaignId: string, body: object): Promise<void> {
  const planned = await service.manage('POST', '/campaigns', { campaignId, ...body });
  if (planned.status !== 201) throw new Error(`the campaign was not planned: ${planned.text}`);
  const started = await service.manage('POST', `/campaigns/${campaignId}/start`);
  if (started.status !== 200) throw new Error(`the campaign was not started: ${started.text}`);
}
