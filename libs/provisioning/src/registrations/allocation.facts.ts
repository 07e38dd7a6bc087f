import type { JsonObject } from '@app/event-sourcing';
import type { HubGateway } from '@app/hub-gateway';
import { PresentEnrollment } from '../enrollments/enrollment.decider';
import { webhookUrlInClear } from '../enrollments/webhook-url';
import { HubsState } from '../hubs/hub.decider';
import { LinkedHubs } from '../hubs/linked-hubs';
import type { MeasuredLatencies } from '../latencies/measured-latencies';
import type { SecretBox } from '../shared/secret-box';
import { HubFact, consider } from './allocation.candidates';
import { CallerRegion } from './allocation.latency';
import { Register, allocationPolicyOf, listedHubs } from './assignment.rules';
import { HubDeviceCounts } from './hub-device-counts';
import { Grounds } from './registration.events';
import { RegistrationSettings } from './registration.settings';
import { RegistrationState, currentAssignment } from './registration.state';
import { WebhookFact } from './webhook';
import { WebhookClient } from './webhook.client';
import { webhookRequest } from './webhook.request';

/** Who asks for a place, as far as the choice of a hub depends on it. */
export interface AllocationQuestion {
  readonly registrationId: string;
  readonly enrollment: PresentEnrollment;
  readonly attestation: Grounds['attestation'];
  readonly payload: JsonObject | null;
  readonly remoteAddress: string | null;
  /** The registration as it stands; asked for only where a webhook wants to know. */
  readonly state: () => Promise<RegistrationState>;
  /** False: a webhook is not called, and a custom allocation has no answer. */
  readonly callWebhook: boolean;
}

export type AllocationAnswer = Pick<Register, 'enrollment' | 'hubs' | 'region' | 'webhook'>;

export interface AllocationFactsOptions {
  readonly hubs: LinkedHubs;
  readonly counts: HubDeviceCounts;
  readonly gateway: Pick<HubGateway, 'unreachableHubs'>;
  readonly webhooks: WebhookClient;
  readonly secrets: SecretBox;
  readonly settings: RegistrationSettings;
  readonly measured: Pick<MeasuredLatencies, 'readRecent'>;
}

/** Everything that the choice of a hub depends on, gathered before it is made; a registration and its preview ask alike. */
export class AllocationFacts {
  constructor(private readonly options: AllocationFactsOptions) {}

  async gather(question: AllocationQuestion): Promise<AllocationAnswer> {
    const { settings } = this.options;
    const { entry, revision } = question.enrollment;
    const hubs = await this.options.hubs.readRecent();
    const linked = await this.hubFacts(hubs);
    const known = {
      enrollment: { kind: entry.kind, revision: revision.toString(), entry },
      hubs: { revision: hubs.revision?.toString() ?? null, defaultPolicy: settings.defaultAllocationPolicy, linked },
      region: null,
    };
    const policy = allocationPolicyOf(known);
    const region = policy === 'geoLatency' ? await this.regionOf(question.remoteAddress) : null;
    const asks = question.callWebhook && policy === 'custom' && entry.provisioningStatus === 'enabled';
    return { ...known, region, webhook: asks ? await this.askWebhook(question, linked) : null };
  }

  /** A device was just sent to a hub that did not have it. */
  noteAssigned(hub: string, registrationId: string): void {
    this.options.counts.noteAssigned(hub, registrationId);
  }

  private async regionOf(remoteAddress: string | null): Promise<CallerRegion | null> {
    const configured = this.options.settings.allocation.latencies?.regionOf(remoteAddress) ?? null;
    return (await this.options.measured.readRecent()).addTo(configured, remoteAddress);
  }

  private async hubFacts({ linked }: HubsState): Promise<readonly HubFact[]> {
    const hubs = [...linked.values()];
    const limited = hubs.some(({ capacity }) => capacity !== null);
    const counts = limited ? await this.options.counts.read() : undefined;
    const unreachable = this.options.gateway.unreachableHubs();
    return hubs.map((hub) => {
      const { hostName, allocationWeight, applyAllocationPolicy, location, cordoned, draining, capacity } = hub;
      const devices = counts === undefined ? null : (counts.get(hostName) ?? 0);
      const settings = { hostName, allocationWeight, applyAllocationPolicy, location, cordoned, draining, capacity };
      return { ...settings, devices, unreachable: unreachable.has(hostName) };
    });
  }

  private async askWebhook(question: AllocationQuestion, linked: readonly HubFact[]): Promise<WebhookFact | null> {
    const { enrollment } = question;
    const state = await question.state();
    // Such a request joins the operation under way, which has its answer already.
    if (state.status === 'assigning') return null;
    const webhook = enrollment.entry.customAllocationDefinition;
    const failed = (reason: string): WebhookFact => ({ outcome: 'failed', status: null, durationMs: 0, reason });
    if (webhook === null) return failed('the enrollment names no webhook');
    const current = currentAssignment(state);
    const currentHub = current?.hub ?? null;
    const { candidates } = consider({ listed: listedHubs(enrollment.entry), linked, currentHub });
    const body = webhookRequest({ ...question, current, linkedHubs: candidates.map(({ hub }) => hub) });
    const url = webhookUrlInClear(webhook, (secret) => this.options.secrets.open(secret));
    if (!URL.canParse(url)) return failed('the address of the webhook is not a URL');
    return this.options.webhooks.call(url, JSON.stringify(body));
  }
}
