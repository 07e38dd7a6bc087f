import { randomUUID } from 'node:crypto';
import { EventStore, JsonObject } from '@app/event-sourcing';
import { registrationStream } from '@app/provisioning';
import { RegistrationHistory } from '@app/provisioning/read-models/testing/recorded';
import { register, stepsOf } from '@app/provisioning/registrations/testing/commands';

const ID = 'dev-1';
const APPENDS_AT_ONCE = 512;

/** What happens to the devices of the fleet, one round after the other, and to how many of them. */
interface Round {
  readonly name: string;
  readonly share: number;
  readonly hub: string;
  readonly migrateDeviceData: boolean;
}

const rounds: readonly Round[] = [
  { name: 'first', share: 1, hub: 'hub-a', migrateDeviceData: true },
  { name: 'moved', share: 1, hub: 'hub-b', migrateDeviceData: true },
  { name: 'stayed', share: 1, hub: 'hub-b', migrateDeviceData: true },
  { name: 'reset', share: 0.2, hub: 'hub-a', migrateDeviceData: false },
];

interface Template {
  readonly type: string;
  /** JSON, with `ID` for the device. */
  readonly data: string;
}

/** Decided by the real decider, once; the rest of the fleet gets copies. */
function templates(): readonly (readonly Template[])[] {
  const history = new RegistrationHistory();
  return rounds.map(({ name, hub, migrateDeviceData }, index) => {
    const before = history.events.length;
    const reprovisionPolicy = { updateHubAssignment: true, migrateDeviceData };
    const entry = { iotHubs: [hub], allocationPolicy: 'static', reprovisionPolicy } as const;
    history.send(register({ operationId: `${ID}-${name}`, entry, enrollmentRevision: String(index) }));
    history.follow((state) => stepsOf(state));
    return history.events.slice(before).map(({ type, data }) => ({ type, data: JSON.stringify(data) }));
  });
}

export interface FleetHistory {
  readonly events: number;
  readonly elapsedMs: number;
  /** When each round was over, ISO 8601 UTC, by this machine's clock. */
  readonly ends: readonly string[];
}

export const deviceOf = (index: number): string => `sn-${String(index).padStart(6, '0')}`;

/** Writes the whole past of a fleet: ten events a device, more or less. */
export async function writeFleetHistory(store: EventStore, devices: number): Promise<FleetHistory> {
  const startedAtMs = performance.now();
  const ends: string[] = [];
  let events = 0;
  for (const [round, happenings] of templates().entries()) {
    const count = Math.round(devices * (rounds[round]?.share ?? 0));
    for (let first = 0; first < count; first += APPENDS_AT_ONCE) {
      const batch = Array.from({ length: Math.min(APPENDS_AT_ONCE, count - first) }, (_, index) => deviceOf(first + index));
      await Promise.all(batch.map((id) => store.append(registrationStream(id), 'any', eventsOf(id, happenings))));
      events += batch.length * happenings.length;
    }
    ends.push(new Date().toISOString());
  }
  return { events, elapsedMs: performance.now() - startedAtMs, ends };
}

function eventsOf(id: string, happenings: readonly Template[]): Parameters<EventStore['append']>[2] {
  return happenings.map(({ type, data }) => {
    const eventId = randomUUID();
    const metadata = { actor: { kind: 'device', name: id }, correlationId: eventId, causationId: eventId } as const;
    return { id: eventId, type, data: JSON.parse(data.replaceAll(ID, id)) as JsonObject, metadata };
  });
}
