import { Fleet } from './fleet';
import { Narrator } from './narrator';

interface TimelineEvent {
  readonly type: string;
  readonly time: string;
  readonly revision: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One line an event, with what makes it worth reading; returns the types in order. */
export async function printTimeline(fleet: Fleet, narrator: Narrator, registrationId: string): Promise<string[]> {
  const { items } = (await fleet.ask(`/devices/${registrationId}/history?twin=false&order=asc&limit=100`)) as {
    items: TimelineEvent[];
  };
  narrator.line(`The events of ${registrationId}:`);
  for (const event of items) {
    narrator.line(`${event.revision.padStart(3)}  ${event.time.slice(11, 23)}  ${event.type.padEnd(22)} ${summaryOf(event)}`);
  }
  return items.map((event) => event.type);
}

function summaryOf({ type, data }: TimelineEvent): string {
  switch (type) {
    case 'AssignmentStarted': {
      const grounds = data.grounds as { reason: string; apiVersion: string; policy: { effective: string } };
      return `${grounds.reason} (policy ${grounds.policy.effective}, api-version ${grounds.apiVersion})`;
    }
    case 'DeviceStatusRecorded':
      return `${text(data.status)} at ${text(data.hub)}`;
    case 'TwinMigrated':
      return `${text(data.from)} → ${text(data.to)}: ${JSON.stringify((data.twin as { tags: unknown }).tags)} and the rest`;
    case 'TwinReset':
      return `${text(data.from)} → ${text(data.to)}`;
    case 'DeviceDeregistered':
      return `from ${text(data.hub)}`;
    case 'DeviceAssigned':
      return `to ${text(data.hub)} (${text(data.substatus)})`;
    case 'ReprovisionRequested':
      return `${text(data.method)} at ${text(data.hub)}: ${text(data.outcome)}`;
    default:
      return '';
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
