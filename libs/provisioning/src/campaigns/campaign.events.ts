import { z } from 'zod';
import { DomainEvent, EventCodec } from '@app/event-sourcing';
import { instant, shape } from '../shared/shapes';

/** One stream per campaign. */
export const campaignStream = (campaignId: string): string => `campaign-${campaignId.toLowerCase()}`;

/** Which devices a campaign is for. */
export const selection = z.discriminatedUnion('by', [
  z.object({ by: z.literal('hub'), hub: z.string() }),
  z.object({ by: z.literal('enrollmentGroup'), enrollmentGroupId: z.string() }),
  /** Devices whose twin at a linked hub has this tag; a path such as `site.floor`. */
  z.object({ by: z.literal('tag'), tag: z.string(), value: z.union([z.string(), z.number(), z.boolean()]) }),
  z.object({ by: z.literal('devices'), registrationIds: z.array(z.string()) }),
  /** What another campaign has moved goes back to where it was. */
  z.object({ by: z.literal('undo'), campaignId: z.string() }),
]);
export type Selection = z.infer<typeof selection>;

const plan = z.object({
  name: z.string(),
  selection,
  /** Spread over these, by registration id; empty for an undo, where each device has its own. */
  hubs: z.array(z.string()),
  /** Devices in one wave. */
  waveSize: z.int(),
  /** Between the end of a wave and the next one. */
  pauseS: z.int(),
  /** A wave ends after this time though devices have not called yet; they move when they do. */
  waveTimeoutS: z.int(),
  /** More failed devices than this abort the campaign; null: any number. */
  failuresMax: z.int().nullable(),
  /** Devices connected to their hub are asked, by a direct method, to come back. */
  askConnected: z.boolean(),
});
export type CampaignPlan = z.infer<typeof plan>;

/** A device on its way: `from` is where it was, `restores` the operation that an undo takes back. */
const sentDevice = z.object({
  registrationId: z.string(),
  from: z.string().nullable(),
  hub: z.string(),
  restores: z.string().optional(),
});
export type SentDevice = z.infer<typeof sentDevice>;

/**
 * `moved`: it is where the campaign wants it. `stayed`: it called, and its policy kept it where it was. `recalled`: the campaign was
 * aborted before it called.
 */
export const deviceOutcome = z.enum(['moved', 'stayed', 'failed', 'recalled']);
export type DeviceOutcome = z.infer<typeof deviceOutcome>;
const settledDevice = z.object({
  registrationId: z.string(),
  outcome: deviceOutcome,
  /** Where it is now; null for nowhere. */
  hub: z.string().nullable(),
  operationId: z.string().nullable(),
  /** One sentence. */
  detail: z.string(),
});
export type SettledDevice = z.infer<typeof settledDevice>;

/** Of the whole campaign. `waiting` devices were sent and have not called yet, `queued` ones are for later waves. */
const progress = z.object({
  selected: z.int(),
  queued: z.int(),
  waiting: z.int(),
  moved: z.int(),
  stayed: z.int(),
  failed: z.int(),
  recalled: z.int(),
});
export type CampaignProgress = z.infer<typeof progress>;

const campaignCreated = z.object({ campaignId: z.string(), plan, at: instant });
const campaignStarted = z.object({ at: instant });
/** A part of the selection, as it was when the campaign began; `complete` on the last part. */
const devicesSelected = z.object({
  part: z.int(),
  registrationIds: z.array(z.string()),
  complete: z.boolean(),
  progress,
  at: instant,
});
const waveStarted = z.object({ wave: z.int(), devices: z.array(sentDevice), progress, at: instant });
const devicesSettled = z.object({ devices: z.array(settledDevice), progress, at: instant });
const waveEnded = z.object({ wave: z.int(), waiting: z.int(), at: instant });
const campaignPaused = z.object({ at: instant });
const campaignResumed = z.object({ at: instant });
/** Devices that have not called yet are not sent any more; those that have moved stay. */
const campaignAborted = z.object({ reason: z.enum(['operator', 'failures']), progress, at: instant });
const campaignEnded = z.object({ progress, at: instant });
/** Another campaign takes back what this one has moved. */
const campaignUndone = z.object({ by: z.string(), at: instant });
const campaignReleaseRequested = z.object({ at: instant });
/** Its devices belong where their enrollments say again. */
const campaignReleased = z.object({ at: instant });

export type CampaignEvent =
  | DomainEvent<'CampaignCreated', z.infer<typeof campaignCreated>>
  | DomainEvent<'CampaignStarted', z.infer<typeof campaignStarted>>
  | DomainEvent<'DevicesSelected', z.infer<typeof devicesSelected>>
  | DomainEvent<'WaveStarted', z.infer<typeof waveStarted>>
  | DomainEvent<'DevicesSettled', z.infer<typeof devicesSettled>>
  | DomainEvent<'WaveEnded', z.infer<typeof waveEnded>>
  | DomainEvent<'CampaignPaused', z.infer<typeof campaignPaused>>
  | DomainEvent<'CampaignResumed', z.infer<typeof campaignResumed>>
  | DomainEvent<'CampaignAborted', z.infer<typeof campaignAborted>>
  | DomainEvent<'CampaignEnded', z.infer<typeof campaignEnded>>
  | DomainEvent<'CampaignUndone', z.infer<typeof campaignUndone>>
  | DomainEvent<'CampaignReleaseRequested', z.infer<typeof campaignReleaseRequested>>
  | DomainEvent<'CampaignReleased', z.infer<typeof campaignReleased>>;

export const campaignShapes = {
  CampaignCreated: shape(campaignCreated),
  CampaignStarted: shape(campaignStarted),
  DevicesSelected: shape(devicesSelected),
  WaveStarted: shape(waveStarted),
  DevicesSettled: shape(devicesSettled),
  WaveEnded: shape(waveEnded),
  CampaignPaused: shape(campaignPaused),
  CampaignResumed: shape(campaignResumed),
  CampaignAborted: shape(campaignAborted),
  CampaignEnded: shape(campaignEnded),
  CampaignUndone: shape(campaignUndone),
  CampaignReleaseRequested: shape(campaignReleaseRequested),
  CampaignReleased: shape(campaignReleased),
};
export const campaignCodec = new EventCodec<CampaignEvent>(campaignShapes);
