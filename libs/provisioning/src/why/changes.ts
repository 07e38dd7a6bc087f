import { Actor, JsonValue, RecordedEvent } from '@app/event-sourcing';
import { enrollmentCodec, EnrollmentEntry, EnrollmentEvent } from '../enrollments/enrollment.events';
import { hubCodec, LinkedHub } from '../hubs/hub.events';
import { effectivePolicy } from '../registrations/reprovisioning-policy';

/** Somebody changed an enrollment or a linked hub in a way that may send devices elsewhere. */
export interface Change {
  /** Of the stream of the enrollment or of the linked hubs, decimal. */
  readonly revision: string;
  /** ISO 8601 UTC, when the log recorded it. */
  readonly at: string;
  readonly actor: Actor;
  /** Each a verb phrase in the past tense: "began to drain hub-a". */
  readonly what: readonly string[];
}

/** No setting of any device's present. */
const ANY_API_VERSION = '2021-06-01';

function same(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function hubsOf({ iotHubs, iotHubHostName }: EnrollmentEntry): readonly string[] {
  return iotHubs !== null && iotHubs.length > 0 ? iotHubs : iotHubHostName === null ? [] : [iotHubHostName];
}

function policyName({ reprovisionPolicy }: Pick<EnrollmentEntry, 'reprovisionPolicy'>): string {
  return reprovisionPolicy === null ? 'none' : effectivePolicy(reprovisionPolicy, ANY_API_VERSION).effective;
}

/** What is different in an entry for the choice of a hub or for what a device finds there. */
function entryChanges(before: EnrollmentEntry, after: EnrollmentEntry): string[] {
  const what: string[] = [];
  const hubs = hubsOf(after);
  if (!same([...hubsOf(before)], [...hubs])) {
    what.push(hubs.length === 0 ? 'left the choice of hubs to the instance' : `made the hubs it lists ${hubs.join(', ')}`);
  }
  if (before.allocationPolicy !== after.allocationPolicy) {
    what.push(`made its allocation policy ${after.allocationPolicy ?? "the instance's default"}`);
  }
  if (policyName(before) !== policyName(after)) what.push(`made its reprovision policy ${policyName(after)}`);
  if (!same(before.customAllocationDefinition, after.customAllocationDefinition)) what.push('changed its webhook');
  if (before.deviceId !== after.deviceId) what.push(`made its device id ${after.deviceId ?? 'the registration id'}`);
  if (!same(before.initialTwin, after.initialTwin)) what.push('changed its initial twin');
  if (before.provisioningStatus !== after.provisioningStatus) {
    what.push(after.provisioningStatus === 'enabled' ? 'enabled it' : 'disabled it');
  }
  return what;
}

function entryAfter(entry: EnrollmentEntry | null, { type, data }: EnrollmentEvent): EnrollmentEntry | null {
  switch (type) {
    case 'EnrollmentCreated':
    case 'EnrollmentUpdated':
      return data.entry;
    case 'EnrollmentPolicyUpdated':
      return entry === null ? null : { ...entry, reprovisionPolicy: data.reprovisionPolicy };
    case 'EnrollmentDisabled':
      return entry === null ? null : { ...entry, provisioningStatus: 'disabled' };
    case 'EnrollmentEnabled':
      return entry === null ? null : { ...entry, provisioningStatus: 'enabled' };
    case 'EnrollmentKeyRegenerated':
      return entry;
    case 'EnrollmentDeleted':
      return null;
  }
}

/** Without what was before there is nothing to compare with, which is so where only the end of a long stream was read. */
function phrases(before: EnrollmentEntry | null, after: EnrollmentEntry | null, type: string): readonly string[] {
  if (after === null) return before === null ? [] : ['deleted it'];
  if (before !== null) return entryChanges(before, after);
  return type === 'EnrollmentCreated' ? ['created it'] : [];
}

/** What was changed by each event of an enrollment's stream, given from its beginning or from somewhere in it. */
export function enrollmentChanges(events: readonly RecordedEvent[]): readonly Change[] {
  const changes: Change[] = [];
  let entry: EnrollmentEntry | null = null;
  for (const recorded of events) {
    const after: EnrollmentEntry | null = entryAfter(entry, enrollmentCodec.decode(recorded));
    const what = phrases(entry, after, recorded.type);
    entry = after;
    if (what.length > 0) changes.push(changeOf(recorded, what));
  }
  return changes;
}

/** What was changed by each event of the stream of linked hubs, given from its beginning. */
export function hubChanges(events: readonly RecordedEvent[]): readonly Change[] {
  const changes: Change[] = [];
  const hubs = new Map<string, LinkedHub>();
  for (const recorded of events) {
    const what = hubEventChanges(hubs, recorded);
    if (what.length > 0) changes.push(changeOf(recorded, what));
  }
  return changes;
}

function hubEventChanges(hubs: Map<string, LinkedHub>, recorded: RecordedEvent): string[] {
  const { type, data } = hubCodec.decode(recorded);
  switch (type) {
    case 'HubLinked':
      hubs.set(data.hub.hostName, data.hub);
      return [`linked ${data.hub.hostName}`];
    case 'HubUnlinked':
      hubs.delete(data.hostName);
      return [`unlinked ${data.hostName}`];
    case 'LinkedHubUpdated': {
      const before = hubs.get(data.hub.hostName);
      hubs.set(data.hub.hostName, data.hub);
      return before === undefined ? [] : settingChanges(before, data.hub);
    }
  }
}

function settingChanges(before: LinkedHub, { hostName, ...after }: LinkedHub): string[] {
  const what: string[] = [];
  if (before.draining !== after.draining) what.push(`${after.draining ? 'began to drain' : 'ceased to drain'} ${hostName}`);
  if (before.cordoned !== after.cordoned) what.push(after.cordoned ? `cordoned ${hostName}` : `let new devices into ${hostName}`);
  if (before.capacity !== after.capacity) {
    what.push(
      after.capacity === null ? `took the limit of devices off ${hostName}` : `limited ${hostName} to ${after.capacity} devices`,
    );
  }
  if (before.allocationWeight !== after.allocationWeight) {
    what.push(`changed the weight of ${hostName} from ${before.allocationWeight} to ${after.allocationWeight}`);
  }
  if (before.applyAllocationPolicy !== after.applyAllocationPolicy) {
    what.push(after.applyAllocationPolicy ? `let allocation use ${hostName}` : `took ${hostName} out of allocation`);
  }
  if (before.location !== after.location) what.push(`changed the location of ${hostName} to ${after.location}`);
  return what;
}

function changeOf({ revision, recordedAt, metadata }: RecordedEvent, what: readonly string[]): Change {
  return { revision: revision.toString(), at: recordedAt, actor: metadata.actor, what };
}
