import { JsonValue } from '@app/event-sourcing';
import { keyIdOfBox, open, SealedBox } from './box';
import { SubjectKeys } from './subject-keys';

/**
 * Values with every box in them opened, at any depth; null stands where the key is gone. Anything but plain objects and arrays, such
 * as the dates of a database's rows, stays as it is.
 */
export async function openBoxes<Value>(values: readonly Value[], keys: Pick<SubjectKeys, 'find'>): Promise<Value[]> {
  const ids = new Set<string>();
  for (const value of values) collect(value, ids);
  if (ids.size === 0) return [...values];
  const found = await keys.find([...ids]);
  return values.map((value) => opened(value, found) as Value);
}

function collect(value: unknown, ids: Set<string>): void {
  const id = keyIdOfBox(value);
  if (id !== undefined) ids.add(id);
  else if (Array.isArray(value)) for (const member of value) collect(member, ids);
  else if (isPlain(value)) for (const member of Object.values(value)) collect(member, ids);
}

function opened(value: unknown, keys: ReadonlyMap<string, Buffer>): unknown {
  const id = keyIdOfBox(value);
  if (id !== undefined) return openedBox(value as SealedBox, keys.get(id));
  if (Array.isArray(value)) return value.map((member) => opened(member, keys));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, opened(member, keys)]));
}

function openedBox(box: SealedBox, key: Buffer | undefined): JsonValue {
  return key === undefined ? null : open(box, key);
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
