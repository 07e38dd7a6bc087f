import { isDeepStrictEqual } from 'node:util';
import { Decider, Rejected } from '@app/event-sourcing';
import { holds, IfMatch } from '../shared/etag';
import { ReprovisionPolicy, SealedSecret } from '../shared/shapes';
import { attest, AttestationRejection, RequestedAttestation } from './attestation.rules';
import { EnrollmentEntry, EnrollmentEvent } from './enrollment.events';
import { RequestedWebhook, webhookOf } from './webhook.rules';

/** An entry as asked for: everything but its attestation is already as it shall be stored. */
export type RequestedEntry = Omit<EnrollmentEntry, 'attestation' | 'customAllocationDefinition'> & {
  readonly attestation: RequestedAttestation;
  readonly customAllocationDefinition: RequestedWebhook | null;
};

/** Keys made for this command, used where the administrator gave none and none are stored. */
export interface GeneratedKeys {
  readonly primaryKey: SealedSecret;
  readonly secondaryKey: SealedSecret;
}

/** `at` is the time of the command, ISO 8601 UTC. */
export type EnrollmentCommand =
  | { readonly type: 'CreateEnrollment'; readonly entry: RequestedEntry; readonly generated: GeneratedKeys; readonly at: string }
  | { readonly type: 'UpdateEnrollment'; readonly entry: RequestedEntry; readonly ifMatch: IfMatch; readonly at: string }
  | {
      readonly type: 'UpdateEnrollmentPolicy';
      /** null takes the policy away, which is not the same as any policy. */
      readonly reprovisionPolicy: ReprovisionPolicy | null;
      readonly ifMatch: IfMatch;
      readonly at: string;
    }
  | {
      readonly type: 'RegenerateKey';
      readonly key: 'primary' | 'secondary';
      /** The new key. */
      readonly secret: SealedSecret;
      readonly ifMatch: IfMatch;
      readonly at: string;
    }
  | { readonly type: 'DisableEnrollment'; readonly ifMatch: IfMatch; readonly at: string }
  | { readonly type: 'EnableEnrollment'; readonly ifMatch: IfMatch; readonly at: string }
  | { readonly type: 'DeleteEnrollment'; readonly ifMatch: IfMatch; readonly at: string };

export interface AbsentEnrollment {
  readonly status: 'absent';
  /** Revision of the stream's last event; undefined when there never was such an entry. */
  readonly revision: bigint | undefined;
}

export interface PresentEnrollment {
  readonly status: 'present';
  readonly entry: EnrollmentEntry;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Revision of the stream's last event; the ETag stands for it. */
  readonly revision: bigint;
}

export type EnrollmentState = AbsentEnrollment | PresentEnrollment;

export type EnrollmentRejection = 'enrollment-exists' | 'enrollment-not-found' | 'enrollment-changed' | AttestationRejection;

function decide(command: EnrollmentCommand, state: EnrollmentState): readonly EnrollmentEvent[] {
  switch (command.type) {
    case 'CreateEnrollment':
      return create(command, state);
    case 'UpdateEnrollment': {
      const current = existing(state, command.ifMatch);
      const { entry } = command;
      const attestation = attest(entry, current.entry.attestation, undefined);
      // The id keeps the letters it was first written with.
      const webhook = webhookOf(entry.customAllocationDefinition, current.entry.customAllocationDefinition);
      return change(current, { ...entry, id: current.entry.id, attestation, customAllocationDefinition: webhook }, command);
    }
    case 'UpdateEnrollmentPolicy': {
      const current = existing(state, command.ifMatch);
      return change(current, { ...current.entry, reprovisionPolicy: command.reprovisionPolicy }, command);
    }
    case 'RegenerateKey':
      return regenerateKey(command, existing(state, command.ifMatch));
    case 'DisableEnrollment':
      return changeStatus(existing(state, command.ifMatch), 'disabled', command);
    case 'EnableEnrollment':
      return changeStatus(existing(state, command.ifMatch), 'enabled', command);
    case 'DeleteEnrollment': {
      requireMatch(command.ifMatch, existing(state, 'unconditional').revision);
      return [{ type: 'EnrollmentDeleted', data: { at: command.at } }];
    }
  }
}

function create(
  { entry, generated, at }: Extract<EnrollmentCommand, { type: 'CreateEnrollment' }>,
  state: EnrollmentState,
): readonly EnrollmentEvent[] {
  if (state.status === 'absent') {
    const customAllocationDefinition = webhookOf(entry.customAllocationDefinition, null);
    const created = { ...entry, attestation: attest(entry, undefined, generated), customAllocationDefinition };
    return [{ type: 'EnrollmentCreated', data: { entry: created, at } }];
  }
  const sameType = entry.attestation.type === state.entry.attestation.type;
  const repeated =
    sameType &&
    isDeepStrictEqual(state.entry, {
      ...entry,
      id: state.entry.id,
      attestation: attest(entry, state.entry.attestation, undefined),
      customAllocationDefinition: webhookOf(entry.customAllocationDefinition, state.entry.customAllocationDefinition),
    });
  if (repeated) return [];
  throw new Rejected<EnrollmentRejection>('enrollment-exists', `enrollment ${state.entry.id} exists already`);
}

function regenerateKey(
  { key, secret, ifMatch, at }: Extract<EnrollmentCommand, { type: 'RegenerateKey' }>,
  { entry: { id, attestation }, revision }: PresentEnrollment,
): readonly EnrollmentEvent[] {
  if (attestation.type !== 'symmetricKey') {
    throw new Rejected<EnrollmentRejection>('attestation-not-allowed', `enrollment ${id} has no symmetric keys`);
  }
  const stored = key === 'primary' ? attestation.primaryKey : attestation.secondaryKey;
  if (stored.fingerprint === secret.fingerprint) return [];
  requireMatch(ifMatch, revision);
  return [{ type: 'EnrollmentKeyRegenerated', data: { key, secret, at } }];
}

function existing(state: EnrollmentState, ifMatch: IfMatch): PresentEnrollment {
  if (state.status === 'present') return state;
  // A condition on something that is not there fails as a condition; without one it is simply not found (contract §4.6).
  if (ifMatch !== 'unconditional') throw changed();
  throw new Rejected<EnrollmentRejection>('enrollment-not-found', 'there is no such enrollment');
}

/** What has become different, said as narrowly as the events can; nothing when nothing has. */
function change(
  current: PresentEnrollment,
  next: EnrollmentEntry,
  { ifMatch, at }: { readonly ifMatch: IfMatch; readonly at: string },
): readonly EnrollmentEvent[] {
  const { entry } = current;
  if (isDeepStrictEqual(entry, next)) {
    if (!isRepeat(ifMatch, current.revision)) requireMatch(ifMatch, current.revision);
    return [];
  }
  requireMatch(ifMatch, current.revision);
  if (isDeepStrictEqual({ ...entry, provisioningStatus: next.provisioningStatus }, next)) {
    return [{ type: next.provisioningStatus === 'disabled' ? 'EnrollmentDisabled' : 'EnrollmentEnabled', data: { at } }];
  }
  if (isDeepStrictEqual({ ...entry, reprovisionPolicy: next.reprovisionPolicy }, next)) {
    return [{ type: 'EnrollmentPolicyUpdated', data: { reprovisionPolicy: next.reprovisionPolicy, at } }];
  }
  return [{ type: 'EnrollmentUpdated', data: { entry: next, at } }];
}

function changeStatus(
  current: PresentEnrollment,
  provisioningStatus: EnrollmentEntry['provisioningStatus'],
  command: { readonly ifMatch: IfMatch; readonly at: string },
): readonly EnrollmentEvent[] {
  return change(current, { ...current.entry, provisioningStatus }, command);
}

/** The same change sent again still names the revision it was based on, the one before the present one. */
function isRepeat(ifMatch: IfMatch, revision: bigint): boolean {
  return typeof ifMatch === 'object' && ifMatch.revision === revision - 1n;
}

function requireMatch(ifMatch: IfMatch, revision: bigint): void {
  if (!holds(ifMatch, revision)) throw changed();
}

function changed(): Rejected<EnrollmentRejection> {
  return new Rejected('enrollment-changed', 'the enrollment is not as the If-Match header says');
}

function evolve(state: EnrollmentState, event: EnrollmentEvent): EnrollmentState {
  const revision = (state.revision ?? -1n) + 1n;
  switch (event.type) {
    case 'EnrollmentCreated':
      return { status: 'present', entry: event.data.entry, createdAt: event.data.at, updatedAt: event.data.at, revision };
    case 'EnrollmentUpdated':
      return updated(state, revision, event.data.at, () => event.data.entry);
    case 'EnrollmentPolicyUpdated':
      return updated(state, revision, event.data.at, (entry) => ({ ...entry, reprovisionPolicy: event.data.reprovisionPolicy }));
    case 'EnrollmentKeyRegenerated': {
      const { key, secret, at } = event.data;
      return updated(state, revision, at, (entry) => withKey(entry, key, secret));
    }
    case 'EnrollmentDisabled':
      return updated(state, revision, event.data.at, (entry) => ({ ...entry, provisioningStatus: 'disabled' }));
    case 'EnrollmentEnabled':
      return updated(state, revision, event.data.at, (entry) => ({ ...entry, provisioningStatus: 'enabled' }));
    case 'EnrollmentDeleted':
      return { status: 'absent', revision };
  }
}

function withKey(entry: EnrollmentEntry, key: 'primary' | 'secondary', secret: SealedSecret): EnrollmentEntry {
  const { attestation } = entry;
  if (attestation.type !== 'symmetricKey') return entry;
  const changed = key === 'primary' ? { primaryKey: secret } : { secondaryKey: secret };
  return { ...entry, attestation: { ...attestation, ...changed } };
}

function updated(
  state: EnrollmentState,
  revision: bigint,
  at: string,
  next: (entry: EnrollmentEntry) => EnrollmentEntry,
): EnrollmentState {
  if (state.status === 'absent') return { status: 'absent', revision };
  return { ...state, entry: next(state.entry), updatedAt: at, revision };
}

export const enrollmentDecider: Decider<EnrollmentState, EnrollmentCommand, EnrollmentEvent> = {
  initialState: { status: 'absent', revision: undefined },
  decide,
  evolve,
};
