import { RecordedEvent } from '@app/event-sourcing';
import { RegistrationEvent, registrationCodec } from '@app/provisioning';
import { enrollmentCodec } from '@app/provisioning/enrollments/enrollment.events';
import { RegistrationState, evolve, unassigned } from '@app/provisioning/registrations/registration.state';
import { parseIfMatch } from '@app/provisioning/shared/etag';
import { hubHistoryViolations } from './hub-history';
import { RunningService } from './running-service';
import { StoredLogs, byStream, readModelDifferences, readStoredLogs } from './stored-logs';

/** A device was answered `assigned`. */
export interface Told {
  readonly registrationId: string;
  readonly operationId: string;
  readonly hub: string;
  readonly substatus: string;
}

/** An administrator was answered that an enrollment is saved. */
export interface Saved {
  readonly stream: string;
  /** Of the answer. */
  readonly etag: string;
  readonly iotHubs: readonly string[];
}

/** What somebody read about a device: the answer names the revision of the registration that it stands for. */
export interface Reading {
  readonly registrationId: string;
  readonly from: string;
  readonly revision: bigint;
  readonly status: string;
  readonly hub: string | null;
}

/** Everything clients were told and hold the service to. */
export interface Answers {
  readonly told?: readonly Told[];
  readonly saved?: readonly Saved[];
  readonly readings?: readonly Reading[];
  /** Devices that an operator had disabled at their hub: they stay so wherever they go. */
  readonly disabled?: readonly string[];
}

type Started = Extract<RegistrationEvent, { type: 'AssignmentStarted' }>['data'];

interface Registration {
  readonly key: string;
  readonly events: readonly RegistrationEvent[];
  /** The state after each event, by revision. */
  readonly states: readonly RegistrationState[];
}

const REGISTRATION_PREFIX = 'registration-';
const PAGE_ITEMS = 200;
const PAGES_MAX = 100;

/**
 * Holds a service at rest, with every operation ended, against the invariants I1 to I8 of its design, from outside: both logs as they
 * are stored, the hubs' registries by SDK, the management API, and what clients were told. Gives one sentence per breach.
 */
export async function violations(service: RunningService, answers: Answers = {}): Promise<string[]> {
  const logs = await readStoredLogs(service.dataDir);
  const registrations = registrationsIn(byStream(logs.service));
  const newest = logs.service.at(-1)?.position ?? '0';
  return [
    ...storedViolations(logs, answers),
    ...(await hubDisagreements(service, registrations, new Set(answers.disabled))),
    ...(await statusDisagreements(service, registrations, newest)),
    ...(await readModelDifferences(service.dataDir)).map((difference) => `I8: ${difference}`),
  ];
}

/** What the logs alone say against the service. */
export function storedViolations(logs: StoredLogs, answers: Answers): string[] {
  const streams = byStream(logs.service);
  const registrations = registrationsIn(streams);
  const operations = new Map([...registrations.values()].flatMap(({ events }) => events.filter(isStart).map(byOperation)));
  return [
    ...[...registrations.values()].flatMap(disorderIn),
    ...(answers.told ?? []).flatMap((told) => forgotten(told, registrations)),
    ...(answers.saved ?? []).flatMap((saved) => unsaved(saved, streams)),
    ...(answers.readings ?? []).flatMap((reading) => misread(reading, registrations)),
    ...hubHistoryViolations(logs.hubs, operations),
  ];
}

function registrationsIn(streams: ReadonlyMap<string, readonly RecordedEvent[]>): ReadonlyMap<string, Registration> {
  const registrations = new Map<string, Registration>();
  for (const [stream, recorded] of streams) {
    if (!stream.startsWith(REGISTRATION_PREFIX)) continue;
    const key = stream.slice(REGISTRATION_PREFIX.length);
    const events = recorded.map((event) => registrationCodec.decode(event));
    let state = unassigned;
    const states = events.map((event) => (state = evolve(state, event)));
    registrations.set(key, { key, events, states });
  }
  return registrations;
}

const isStart = (event: RegistrationEvent): event is Extract<RegistrationEvent, { type: 'AssignmentStarted' }> =>
  event.type === 'AssignmentStarted';

const byOperation = ({ data }: { readonly data: Started }): readonly [string, Started] => [data.operationId, data];

/** Operations one after the other, each begun once and ended once, and none under way now. */
function disorderIn({ key, events, states }: Registration): string[] {
  const found: string[] = [];
  const ended = new Set<string>();
  let open: string | undefined;
  for (const event of events) {
    if (event.type === 'AssignmentStarted') {
      const { operationId } = event.data;
      if (open !== undefined || ended.has(operationId)) found.push(`I9: ${key} began ${operationId} out of turn`);
      open = operationId;
    } else if (event.type === 'DeviceAssigned' || (event.type === 'AssignmentFailed' && open === event.data.operationId)) {
      if (open !== event.data.operationId) found.push(`I9: ${key} ended ${event.data.operationId} out of turn`);
      ended.add(event.data.operationId);
      open = undefined;
    }
  }
  if (states.at(-1)?.status === 'assigning') found.push(`${key} is still assigning`);
  return found;
}

function forgotten(told: Told, registrations: ReadonlyMap<string, Registration>): string[] {
  const { registrationId, operationId, hub, substatus } = told;
  const { events = [] } = registrations.get(registrationId.toLowerCase()) ?? {};
  const kept = events.some(({ type, data }) => {
    if (type !== 'DeviceAssigned' || data.operationId !== operationId) return false;
    return data.hub === hub && data.substatus === substatus;
  });
  return kept ? [] : [`I1: ${registrationId} was told ${hub} by ${operationId}, which the log does not say`];
}

function unsaved({ stream, etag, iotHubs }: Saved, streams: ReadonlyMap<string, readonly RecordedEvent[]>): string[] {
  const asked = parseIfMatch(etag);
  const revision = typeof asked === 'object' ? asked.revision : undefined;
  const recorded = streams.get(stream)?.find((event) => event.revision === revision);
  const event = recorded === undefined ? undefined : enrollmentCodec.decode(recorded);
  const entry = event?.type === 'EnrollmentCreated' || event?.type === 'EnrollmentUpdated' ? event.data.entry : undefined;
  if (entry?.iotHubs?.join() === iotHubs.join()) return [];
  return [`I1: ${stream} was saved as ${etag} with ${iotHubs.join()}, which the log does not say`];
}

function misread(reading: Reading, registrations: ReadonlyMap<string, Registration>): string[] {
  const { registrationId, from, revision, status, hub } = reading;
  const state = registrations.get(registrationId.toLowerCase())?.states[Number(revision)];
  const truth = state?.status === 'assigned' ? `assigned ${state.hub}` : state?.status;
  const said = status === 'assigned' ? `assigned ${String(hub)}` : status;
  return said === truth ? [] : [`I7: ${from} said ${registrationId} is ${said} at revision ${revision}, it was ${String(truth)}`];
}

/** I2 at rest: each device in exactly the hub its registration names, and nowhere else. */
async function hubDisagreements(
  service: RunningService,
  registrations: ReadonlyMap<string, Registration>,
  disabled: ReadonlySet<string>,
): Promise<string[]> {
  const hubs = await Promise.all(
    service.hubs.map(async (hub) => {
      const { responseBody } = await service.registry(hub).list();
      return [hub, new Map(responseBody.map(({ deviceId, status }) => [deviceId.toLowerCase(), String(status)]))] as const;
    }),
  );
  return [...registrations.values()].flatMap(({ key, states }) => {
    const state = states.at(-1);
    const home = state?.status === 'assigned' ? state.hub : undefined;
    return hubs.flatMap(([hub, devices]) => {
      const expected = hub !== home ? undefined : disabled.has(key) ? 'disabled' : 'enabled';
      const found = devices.get(key);
      return found === expected ? [] : [`I2: ${key} is ${found ?? 'absent'} at ${hub}, not ${expected ?? 'absent'}`];
    });
  });
}

interface Page {
  readonly items: readonly {
    readonly registrationId: string;
    readonly status: string;
    readonly assignedHub: string | null;
    readonly revision: string;
    readonly operation: { readonly operationId: string };
  }[];
  readonly nextCursor: string | null;
}

/** What the management API lists, against the streams. */
async function statusDisagreements(
  service: RunningService,
  registrations: ReadonlyMap<string, Registration>,
  atLeast: string,
): Promise<string[]> {
  const listed = new Map<string, string>();
  let cursor = '';
  for (let page = 0; page < PAGES_MAX; page++) {
    const answer = await service.manage('GET', `/devices?limit=${PAGE_ITEMS}&atLeast=${atLeast}${cursor}`);
    if (answer.status !== 200) return [`GET /devices: ${answer.status} ${answer.text}`];
    const { items, nextCursor } = answer.json() as Page;
    for (const { registrationId, status, assignedHub, revision, operation } of items) {
      listed.set(registrationId.toLowerCase(), [status, assignedHub, revision, operation.operationId].join(' '));
    }
    if (nextCursor === null) break;
    cursor = `&cursor=${nextCursor}`;
  }
  return [...registrations.values()].flatMap(({ key, events, states }) => {
    const state = states.at(-1);
    const truth =
      state?.status === 'assigned' ? ['assigned', state.hub, events.length - 1, state.operationId].join(' ') : undefined;
    return listed.get(key) === truth ? [] : [`I8: the list says ${key} is ${String(listed.get(key))}, not ${String(truth)}`];
  });
}
