import { EventStore } from '@app/event-sourcing';
import type { DeviceAnswer } from '../management/answers';
import { ProblemError } from '../management/problem';
import { deviceStatusProjection } from '../read-models/device-status.projection';
import { deviceStatus } from '../read-models/device-status.queries';
import { hubMembershipProjection } from '../read-models/hub-membership.projection';
import { membership } from '../read-models/hub-membership.queries';
import { twinDataProjection } from '../read-models/twin-data.projection';
import { TwinData, twinData } from '../read-models/twin-data.queries';
import { registrationStream } from '../registrations/registration.events';
import { HubTwin, HubTwins } from './hub-twins';
import { Moment, Past, pastOf } from './moment';
import { projectedRow } from './projected-row';

/** The moment that was told of; times are ISO 8601 UTC. */
export interface AsOf {
  readonly time: string;
  /** Of the last event that is taken into account. */
  readonly revision: string;
  readonly recordedAt: string;
}

export interface PastDevice extends DeviceAnswer {
  readonly asOf: AsOf;
}

/** `hubLog`: from the log of the hub itself; `provisioningLog`: as the service last knew it, the hub may have gone on since. */
export type TwinAtHub = { readonly hub: string } & (
  | ({ readonly source: 'hubLog' } & HubTwin)
  | { readonly source: 'provisioningLog'; readonly twin: NonNullable<TwinData['lastKnown']>['twin']; readonly recordedAt: string }
);

export interface PastTwin extends TwinData {
  readonly asOf: AsOf;
  /** Null where the device was in no hub. */
  readonly atHub: TwinAtHub | null;
}

/** Errors of both: as `pastOf`, and `ProblemError` 404 where the registration had been deleted by then. */
export async function pastDevice(store: EventStore, registrationId: string, moment: Moment, now: Date): Promise<PastDevice> {
  const past = await read(store, registrationId, moment, now);
  const key = registrationId.toLowerCase();
  const row = projectedRow(deviceStatusProjection, key, past.events);
  if (row === undefined) throw deleted(registrationId, past);
  const status = deviceStatus(row);
  const stay = projectedRow(hubMembershipProjection, key, past.events);
  const started = status.status === 'assigning' ? status.operation.startedAt : null;
  const assigningForMs = started === null ? null : Math.max(0, Date.parse(past.time) - Date.parse(started));
  return { ...status, membership: hasHub(stay) ? membership(stay) : null, assigningForMs, asOf: asOf(past) };
}

export async function pastTwin(
  store: EventStore,
  hubTwins: HubTwins,
  registrationId: string,
  moment: Moment,
  now: Date,
): Promise<PastTwin> {
  const past = await read(store, registrationId, moment, now);
  const key = registrationId.toLowerCase();
  if (projectedRow(deviceStatusProjection, key, past.events) === undefined) throw deleted(registrationId, past);
  const row = projectedRow(twinDataProjection, key, past.events);
  if (row === undefined) throw ProblemError.notFound(`No twin of ${registrationId} was known then: it had never had a hub.`);
  const twin = twinData(row);
  const stay = projectedRow(hubMembershipProjection, key, past.events);
  if (!hasHub(stay)) return { ...twin, asOf: asOf(past), atHub: null };
  const { hub, deviceId } = membership(stay);
  return { ...twin, asOf: asOf(past), atHub: await twinAtHub(hubTwins, { hub, deviceId, time: past.time }, twin) };
}

async function twinAtHub(
  hubTwins: HubTwins,
  { hub, deviceId, time }: { readonly hub: string; readonly deviceId: string; readonly time: string },
  { lastKnown }: TwinData,
): Promise<TwinAtHub | null> {
  if (hubTwins.hubs.has(hub)) {
    const found = await hubTwins.twinAt(hub, deviceId, time);
    if (found !== undefined) return { hub, source: 'hubLog', ...found };
  }
  if (lastKnown === null) return null;
  return { hub: lastKnown.hub, source: 'provisioningLog', twin: lastKnown.twin, recordedAt: lastKnown.at };
}

type Found = NonNullable<ReturnType<typeof projectedRow>>;

function hasHub(row: Found | undefined): row is Found {
  return typeof row?.hub === 'string';
}

function read(store: EventStore, registrationId: string, moment: Moment, now: Date): Promise<Past> {
  return pastOf(store, { stream: registrationStream(registrationId), registrationId }, moment, now);
}

function asOf({ events, time }: Past): AsOf {
  const last = events.at(-1);
  if (last === undefined) throw new Error('a past without an event');
  return { time, revision: last.revision.toString(), recordedAt: last.recordedAt };
}

function deleted(registrationId: string, past: Past): ProblemError {
  const { recordedAt } = asOf(past);
  return ProblemError.notFound(`There was no registration ${registrationId} then: it had been deleted at ${recordedAt}.`);
}
