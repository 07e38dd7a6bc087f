import { uuidv7 } from 'uuidv7';
import { text } from '../read-models/columns';
import { deviceStatusProjection } from '../read-models/device-status.projection';
import { tableName } from '../read-models/table-name';
import { ReadDatabase } from '../shared/read-database';
import { RequestContext } from '../shared/request-context';
import { CAMPAIGN_DEVICES_MAX, CampaignCommand } from './campaign.decider';
import { CampaignDevices } from './campaign.devices';
import { SettledDevice } from './campaign.events';
import { findOpenCampaigns } from './campaign.queries';
import { CampaignSelection } from './campaign.selection';
import { Campaign, CampaignState, WaitingDevice } from './campaign.state';
import { NextStep, nextStep } from './campaign.steps';
import { CampaignStore } from './campaign.store';

/** Steps taken for one campaign in one look; what remains is for the next one. */
const STEPS_MAX = 100;
/** Devices told or asked at one time. */
const DEVICES_AT_ONCE_MAX = 16;
/** Ids in one event. */
const PART_MAX = 5_000;
const SETTLED_MAX = 1_000;

const changedDevices = {
  name: 'campaign-process.devices',
  text: `select registration_key, revision::text as revision from ${tableName(deviceStatusProjection)}
    where registration_key = any($1::text[]) and status <> 'assigning'`,
};

export interface CampaignProcessOptions {
  readonly campaigns: CampaignStore;
  readonly selection: CampaignSelection;
  readonly devices: CampaignDevices;
  readonly database: ReadDatabase;
  readonly now: () => Date;
  readonly log: { warn(details: Record<string, unknown>, message: string): void };
  readonly failpoint: (name: string) => void;
}

/** What this process remembers of a campaign; all of it may be lost. */
interface Memory {
  readonly sent: Set<string>;
  /** Revision of a device's registration when it was last looked at. */
  readonly seen: Map<string, string>;
}

/**
 * The process manager of campaigns. It looks at those that are not over, and does what each one's stream says is next; every step is
 * an event that names what it follows, so that two processes, or one that was killed, do nothing twice.
 */
export class CampaignProcess {
  private timer: NodeJS.Timeout | undefined;
  private readonly underWay = new Map<string, Promise<void>>();
  private readonly memories = new Map<string, Memory>();
  private stopped = false;

  constructor(private readonly options: CampaignProcessOptions) {}

  start(pollMs: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      void this.look().finally(() => this.start(pollMs));
    }, pollMs);
  }

  /** Ends after the steps under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await Promise.all(this.underWay.values());
  }

  private async look(): Promise<void> {
    const { database, log } = this.options;
    try {
      for (const campaignId of await findOpenCampaigns(database)) {
        if (this.stopped || this.underWay.has(campaignId)) continue;
        const advancing = this.advance(campaignId)
          .catch((err: unknown) => log.warn({ campaignId, err }, 'a campaign did not get on; it is tried again'))
          .finally(() => this.underWay.delete(campaignId));
        this.underWay.set(campaignId, advancing);
      }
    } catch (err) {
      log.warn({ err }, 'could not look for campaigns');
    }
  }

  private async advance(campaignId: string): Promise<void> {
    for (let steps = 0; steps < STEPS_MAX && !this.stopped; steps++) {
      const campaign = await this.options.campaigns.read(campaignId);
      if (campaign.status === 'absent') return;
      const step = nextStep(campaign, this.options.now().getTime());
      const mayGoOn = await this.take(step, campaign);
      this.options.failpoint(`campaign:${step.do}`);
      if (!mayGoOn) return;
    }
  }

  /** False where there is nothing more to do for now. */
  private async take(step: NextStep, campaign: Campaign): Promise<boolean> {
    const { devices } = this.options;
    const at = this.options.now().toISOString();
    switch (step.do) {
      case 'select':
        return this.select(campaign);
      case 'startWave':
        await this.send(campaign, {
          type: 'StartWave',
          wave: step.wave,
          devices: await devices.plan(campaign, step.registrationIds),
          at,
        });
        return true;
      case 'watch':
        return this.watch(campaign);
      case 'endWave':
        await this.send(campaign, { type: 'EndWave', wave: step.wave, at });
        return true;
      case 'recall':
        return this.recall(campaign);
      case 'end':
        await this.send(campaign, { type: 'EndCampaign', at });
        this.memories.delete(campaign.campaignId);
        return false;
      case 'release':
        await inParallel([...campaign.moved.keys()], (registrationId) => devices.clear(campaign.campaignId, registrationId));
        await this.send(campaign, { type: 'EndRelease', at });
        return false;
      case 'nothing':
        return false;
    }
  }

  private async select(campaign: Campaign): Promise<boolean> {
    const found = await this.options.selection.find(campaign.plan.selection, CAMPAIGN_DEVICES_MAX);
    // An earlier process may have written down a part and died.
    const known = new Set(campaign.queue.map((id) => id.toLowerCase()));
    const rest = found.filter((id) => !known.has(id.toLowerCase())).slice(0, CAMPAIGN_DEVICES_MAX - known.size);
    let part = campaign.parts;
    do {
      const registrationIds = rest.splice(0, PART_MAX);
      part += 1;
      const at = this.options.now().toISOString();
      await this.send(campaign, { type: 'AddSelected', part, registrationIds, complete: rest.length === 0, at });
    } while (rest.length > 0);
    return true;
  }

  private async watch(campaign: Campaign): Promise<boolean> {
    const memory = this.memoryOf(campaign.campaignId);
    const waiting = [...campaign.waiting.values()];
    const unsent = waiting.filter(({ registrationId }) => !memory.sent.has(registrationId));
    await inParallel(unsent, async (device) => {
      await this.options.devices.send(campaign, device);
      this.options.failpoint('campaign:sent');
      memory.sent.add(device.registrationId);
    });
    const settled = await this.settledOf(campaign, waiting, memory);
    for (let from = 0; from < settled.length; from += SETTLED_MAX) {
      const devices = settled.slice(from, from + SETTLED_MAX);
      await this.send(campaign, { type: 'SettleDevices', devices, at: this.options.now().toISOString() });
      const back = devices.filter(({ outcome }) => outcome !== 'moved');
      await inParallel(back, ({ registrationId }) => this.options.devices.clear(campaign.campaignId, registrationId));
    }
    return settled.length > 0;
  }

  private async settledOf(campaign: Campaign, waiting: readonly WaitingDevice[], memory: Memory): Promise<SettledDevice[]> {
    const keys = waiting.map(({ registrationId }) => registrationId.toLowerCase());
    const rows = await this.options.database.query({ ...changedDevices, values: [keys] });
    const revisions = new Map(rows.map((row) => [text(row, 'registration_key'), text(row, 'revision')]));
    const due = waiting.filter(({ registrationId }) => {
      const revision = revisions.get(registrationId.toLowerCase()) ?? 'none';
      return memory.seen.get(registrationId) !== revision;
    });
    const outcomes = await Promise.all(due.map((device) => this.options.devices.outcome(campaign, device)));
    for (const { registrationId } of due) {
      memory.seen.set(registrationId, revisions.get(registrationId.toLowerCase()) ?? 'none');
    }
    return outcomes.filter((outcome) => outcome !== undefined);
  }

  private async recall(campaign: Campaign): Promise<boolean> {
    const waiting = [...campaign.waiting.values()].slice(0, SETTLED_MAX);
    const recalled: (SettledDevice | undefined)[] = [];
    await inParallel(waiting, async (device) => void recalled.push(await this.options.devices.recall(campaign, device)));
    const devices = recalled.filter((settled) => settled !== undefined);
    if (devices.length > 0) await this.send(campaign, { type: 'SettleDevices', devices, at: this.options.now().toISOString() });
    const back = devices.filter(({ outcome }) => outcome !== 'moved');
    await inParallel(back, ({ registrationId }) => this.options.devices.clear(campaign.campaignId, registrationId));
    return devices.length === waiting.length;
  }

  private memoryOf(campaignId: string): Memory {
    const known = this.memories.get(campaignId);
    if (known !== undefined) return known;
    const memory: Memory = { sent: new Set(), seen: new Map() };
    this.memories.set(campaignId, memory);
    return memory;
  }

  private async send({ campaignId }: Campaign, command: CampaignCommand): Promise<CampaignState> {
    const request: RequestContext = { actor: { kind: 'system', name: 'campaigns' }, correlationId: uuidv7() };
    return (await this.options.campaigns.handle(campaignId, command, request)).state;
  }
}

async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += DEVICES_AT_ONCE_MAX) {
    await Promise.all(items.slice(from, from + DEVICES_AT_ONCE_MAX).map(work));
  }
}
