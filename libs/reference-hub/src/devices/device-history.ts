import { EventStore, JsonObject } from '@app/event-sourcing';
import { deviceCodec, DeviceStatus, Section } from './device.events';
import { deviceStream } from './device-id';
import { DeviceState, evolve, initialState } from './device.state';

/** A device as it was, without its credentials. Times are ISO 8601 UTC. */
export interface PastHubDevice {
  readonly twin: { readonly tags: JsonObject; readonly desired: Section; readonly reported: Section };
  readonly status: DeviceStatus;
  readonly generationId: string;
  /** Of its stream, decimal. */
  readonly revision: string;
  readonly recordedAt: string;
}

/**
 * The device as the log had it at a time: folded from its events as the hub itself folds them, up to the last one recorded then or
 * before. Undefined where the hub did not have it.
 */
export async function deviceAt(
  store: EventStore,
  hubName: string,
  deviceId: string,
  time: string,
): Promise<PastHubDevice | undefined> {
  const { events } = await store.readStream(deviceStream(hubName, deviceId));
  const past = events.slice(0, events.findLastIndex(({ recordedAt }) => recordedAt <= time) + 1);
  const last = past.at(-1);
  const state = past.reduce<DeviceState>((before, event) => evolve(before, deviceCodec.decode(event)), initialState);
  if (last === undefined || !state.exists) return undefined;
  const { tags, desired, reported, status, generationId } = state;
  const { revision, recordedAt } = last;
  return { twin: { tags, desired, reported }, status, generationId, revision: revision.toString(), recordedAt };
}
