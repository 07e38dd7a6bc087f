import { JsonObject, JsonValue } from '@app/event-sourcing';
import { Section } from './device.events';

/** Desired properties say in `$metadata` at which version a member changed, reported ones do not. */
export type SectionKind = 'desired' | 'reported';

interface Tree {
  readonly values: JsonObject;
  readonly metadata: JsonObject;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member by a key that may be any text, `constructor` included. */
function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** A section of a new device or one whose metadata are not known: all of it changed at `at`. */
export function newSection(kind: SectionKind, values: JsonObject, version: number, at: string): Section {
  return { ...merge({ values: {}, metadata: {} }, values, stamp(kind, version, at)), version };
}

/** JSON merge patch (RFC 7396) with the metadata that go along; the version grows by one. */
export function patchSection(kind: SectionKind, section: Section, patch: JsonObject, at: string): Section {
  const version = section.version + 1;
  return { ...merge(section, patch, stamp(kind, version, at)), version };
}

export function replaceSection(kind: SectionKind, section: Section, values: JsonObject, at: string): Section {
  return newSection(kind, values, section.version + 1, at);
}

function stamp(kind: SectionKind, version: number, at: string): JsonObject {
  return kind === 'desired' ? { $lastUpdated: at, $lastUpdatedVersion: version } : { $lastUpdated: at };
}

function merge(before: Tree, patch: JsonObject, stamped: JsonObject): Tree {
  const values = { ...before.values };
  const metadata = { ...before.metadata, ...stamped };
  for (const [key, given] of Object.entries(patch)) {
    if (given === null) {
      Reflect.deleteProperty(values, key);
      Reflect.deleteProperty(metadata, key);
    } else if (isObject(given)) {
      const [there, itsMetadata] = [own(values, key), own(metadata, key)];
      const tree = isObject(there)
        ? { values: there, metadata: isObject(itsMetadata) ? itsMetadata : {} }
        : { values: {}, metadata: {} };
      const merged = merge(tree, given, stamped);
      values[key] = merged.values;
      metadata[key] = merged.metadata;
    } else {
      values[key] = given;
      metadata[key] = stamped;
    }
  }
  return { values, metadata };
}

/** Tags are patched the same way but have no metadata. */
export function mergePatch(values: JsonObject, patch: JsonObject): JsonObject {
  const merged = { ...values };
  for (const [key, given] of Object.entries(patch)) {
    const there = own(merged, key);
    if (given === null) Reflect.deleteProperty(merged, key);
    else merged[key] = isObject(given) ? mergePatch(isObject(there) ? there : {}, given) : given;
  }
  return merged;
}

/** The merge patch that makes `before` into `after`: members that are gone become null. */
export function replacementPatch(before: JsonObject, after: JsonObject): JsonObject {
  const patch: JsonObject = Object.fromEntries(
    Object.keys(before)
      .filter((key) => !Object.hasOwn(after, key))
      .map((key) => [key, null]),
  );
  for (const [key, value] of Object.entries(after)) {
    const there = own(before, key);
    patch[key] = isObject(value) && isObject(there) ? replacementPatch(there, value) : value;
  }
  return patch;
}

/** Whether a merge patch would make the values other than they are. */
export function patchChanges(values: JsonObject, patch: JsonObject): boolean {
  return Object.entries(patch).some(([key, given]) => {
    const there = own(values, key);
    if (given === null) return there !== undefined;
    if (isObject(given) && isObject(there)) return patchChanges(there, given);
    return there === undefined || !sameJson(there, given);
  });
}

/** Equality of what is stored: order of members and the sign of zero do not matter. */
export function sameJson(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => sameJson(item, b[index] ?? null));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key] ?? null, b[key] ?? null))
  );
}
