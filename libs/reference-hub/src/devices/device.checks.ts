import { JsonObject, Rejected } from '@app/event-sourcing';
import { Credentials, SealedKey, Section } from './device.events';
import { Device } from './device.state';
import { entityTag, tagOf } from './entity-tag';
import { metadataProblem, PROPERTIES_BYTES_MAX, TAGS_BYTES_MAX, twinProblem, twinSizeBytes } from './twin-limits';
import { mergePatch, newSection, patchChanges, sameJson } from './twin-section';

/** A key as asked for: this one, or the one the device has, or else the generated one. */
export type KeyChoice = { readonly given: SealedKey } | { readonly generated: SealedKey };
export type GivenCredentials =
  | { readonly type: 'sas'; readonly primaryKey: KeyChoice; readonly secondaryKey: KeyChoice }
  | Exclude<Credentials, { type: 'sas' }>;

/** `etag` is that of the identity or of the twin, after the command; `tag` covers everything of the device. */
export type Condition = 'any' | { readonly etag: string } | { readonly tag: string };

/** A section as it shall stand; without metadata all of it counts as changed now. */
export type GivenSection = Omit<Section, 'metadata'> & { readonly metadata: JsonObject | null };

export type DeviceRejection =
  | 'device-not-found'
  | 'device-already-exists'
  | 'device-disabled'
  | 'module-not-found'
  | 'module-already-exists'
  | 'too-many-modules'
  | 'precondition-failed'
  | 'argument-invalid'
  | 'message-too-large';

export function importedSection(
  name: 'desired' | 'reported',
  given: GivenSection,
  before: Section | undefined,
  at: string,
): Section {
  const values = checkedWhole(name, given.values);
  const { version, metadata } = given;
  if (!Number.isSafeInteger(version) || version < 1) throw invalid(`the version of ${name} must be a whole number from 1`);
  if (metadata !== null) {
    const problem = metadataProblem(name, metadata);
    if (problem !== undefined) throw invalid(problem);
    return { values, version, metadata };
  }
  // The same section again is no change, although nobody says when it was made.
  if (before?.version === version && sameJson(before.values, values)) return before;
  return newSection(name, values, version, at);
}

export type Part = 'tags' | 'desired' | 'reported';

/** The patch, checked; null when it changes nothing. */
export function patchOf(name: Part, patch: JsonObject | null, values: JsonObject): JsonObject | null {
  if (patch === null) return null;
  checkRules(name, patch);
  checkSize(name, mergePatch(values, patch));
  return patchChanges(values, patch) ? patch : null;
}

export function replacementOf(name: Part, given: JsonObject | null, values: JsonObject): JsonObject | null {
  if (given === null) return null;
  const replacement = checkedWhole(name, given);
  return sameJson(values, replacement) ? null : replacement;
}

/** Whole values as they are kept: a member that is null counts as absent. */
export function checkedWhole(name: Part, given: JsonObject): JsonObject {
  checkRules(name, given);
  const values = mergePatch({}, given);
  checkSize(name, values);
  return values;
}

function checkRules(name: Part, given: JsonObject): void {
  const problem = twinProblem(name, given);
  if (problem !== undefined) throw invalid(problem);
}

function checkSize(name: Part, result: JsonObject): void {
  const sizeBytesMax = name === 'tags' ? TAGS_BYTES_MAX : PROPERTIES_BYTES_MAX;
  const sizeBytes = twinSizeBytes(result);
  if (sizeBytes <= sizeBytesMax) return;
  throw new Rejected<DeviceRejection>('message-too-large', `${name} would have ${sizeBytes} bytes, more than ${sizeBytesMax}`);
}

export function ensureHolds(condition: Condition, device: Device, change: number): void {
  if (condition === 'any') return;
  const holds = 'tag' in condition ? condition.tag === tagOf(device) : condition.etag === entityTag(change);
  if (!holds) throw new Rejected<DeviceRejection>('precondition-failed', 'the device is not as the condition says');
}

/** The same key sealed again is the same key: what is stored stays, so that repeating a command changes nothing. */
export function settled(given: GivenCredentials, before: Credentials | undefined): Credentials {
  if (given.type !== 'sas') return given;
  const there = before?.type === 'sas' ? before : undefined;
  return {
    type: 'sas',
    primaryKey: chosen(given.primaryKey, there?.primaryKey),
    secondaryKey: chosen(given.secondaryKey, there?.secondaryKey),
  };
}

function chosen(choice: KeyChoice, there: SealedKey | undefined): SealedKey {
  if ('generated' in choice) return there ?? choice.generated;
  return there?.fingerprint === choice.given.fingerprint ? there : choice.given;
}

export const invalid = (message: string): Rejected<DeviceRejection> => new Rejected<DeviceRejection>('argument-invalid', message);
