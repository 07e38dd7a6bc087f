import { randomUUID } from 'node:crypto';
import { EventStore, EventToAppend, JsonObject, RecordedEvent } from '@app/event-sourcing';
import { registrationStream } from '@app/provisioning';
import { operationIdFor } from '@app/provisioning/registrations/operation-id';

/** Appends under way at one time: keys of devices and events are written by the hundred. */
const APPENDS_AT_ONCE = 1_024;
/** One pair of devices in so many has failed. */
const FAILED_EVERY = 100;

/** Ids in the order of their numbers, so that every prefix of digits is a tenth of the one before it. */
export const fleetDeviceOf = (index: number): string => `sn-${String(index).padStart(7, '0')}`;

/** Devices that the service has dealt with itself: what their streams hold is the past of all others. */
export interface FleetModels {
  /** One device at each of two hubs. */
  readonly assigned: readonly [string, string];
  /** One device of each of the two hubs whose last registration failed. */
  readonly failed: readonly [string, string];
}

interface Template {
  readonly type: string;
  readonly actor: EventToAppend['metadata']['actor'];
  /** JSON with the model's id, operations and time. */
  readonly data: string;
  readonly at: string;
}

interface Story {
  readonly id: string;
  readonly operations: readonly string[];
  readonly happenings: readonly Template[];
}

export interface WrittenFleet {
  readonly events: number;
  readonly elapsedMs: number;
}

/** Writes the past of a fleet: half of the devices at each hub, one in a hundred failed there. `store` is as the service has it. */
export async function writeFleetLog(
  store: EventStore,
  devices: number,
  models: FleetModels,
  onProgress: (devices: number) => void,
): Promise<WrittenFleet> {
  const storiesOf = async ([first, second]: readonly [string, string]) =>
    [await storyOf(store, first), await storyOf(store, second)] as const;
  const assigned = await storiesOf(models.assigned);
  const failed = await storiesOf(models.failed);
  const startedAtMs = performance.now();
  let events = 0;
  let next = 0;
  const writer = async (): Promise<void> => {
    while (next < devices) {
      const index = next++;
      const stories = Math.floor(index / 2) % FAILED_EVERY === 0 ? failed : assigned;
      const id = fleetDeviceOf(index);
      const past = pastOf(id, stories[index % 2 === 0 ? 0 : 1]);
      await store.append(registrationStream(id), 'none', past);
      events += past.length;
      onProgress(index + 1);
    }
  };
  await Promise.all(Array.from({ length: APPENDS_AT_ONCE }, writer));
  return { events, elapsedMs: performance.now() - startedAtMs };
}

async function storyOf(store: EventStore, id: string): Promise<Story> {
  const { events } = await store.readStream(registrationStream(id));
  if (events.length === 0) throw new Error(`${id} has no past`);
  const happenings = events.map(({ type, data, metadata }) => {
    return { type, actor: metadata.actor, data: JSON.stringify(data), at: textIn(data, 'at') };
  });
  return { id, operations: [...new Set(events.map(({ data }) => textIn(data, 'operationId')))], happenings };
}

function textIn(data: RecordedEvent['data'], member: string): string {
  const value = data[member];
  if (typeof value !== 'string') throw new Error(`an event of a model has no ${member}`);
  return value;
}

/** The same story told of another device, now: ids, operations and times are its own. */
function pastOf(id: string, story: Story): EventToAppend[] {
  const at = new Date().toISOString();
  const operations = story.operations.map((operation) => [operation, randomUUID()] as const);
  return story.happenings.map((happening) => {
    let data = happening.data.replaceAll(story.id, id).replaceAll(happening.at, at);
    let correlationId = '';
    for (const [operation, guid] of operations) {
      if (data.includes(operation)) correlationId = guid;
      data = data.replaceAll(operation, operationIdFor(id, guid));
    }
    const actor = happening.actor.name === story.id ? { ...happening.actor, name: id } : happening.actor;
    const eventId = randomUUID();
    const metadata = { actor, correlationId, causationId: correlationId } as const;
    return { id: eventId, type: happening.type, data: JSON.parse(data) as JsonObject, metadata };
  });
}
