import type { JsonObject, JsonValue } from '../../api/types';

export interface DiffLine {
  /** Names joined by dots. */
  readonly path: string;
  /** JSON text; undefined where there is nothing. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly change: 'same' | 'added' | 'removed' | 'changed';
}

const PATHS_MAX = 2_000;

/** Every value that either side has, by its path. */
export function jsonDiff(before: JsonValue | undefined, after: JsonValue | undefined): DiffLine[] {
  const left = leaves(before);
  const right = leaves(after);
  const paths = [...new Set([...left.keys(), ...right.keys()])].sort().slice(0, PATHS_MAX);
  return paths.map((path) => {
    const was = left.get(path);
    const is = right.get(path);
    const change = was === is ? 'same' : was === undefined ? 'added' : is === undefined ? 'removed' : 'changed';
    return { path, before: was, after: is, change };
  });
}

function leaves(value: JsonValue | undefined): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (path: string, inner: JsonValue): void => {
    if (isObject(inner) && Object.keys(inner).length > 0) {
      for (const [name, each] of Object.entries(inner)) visit(path === '' ? name : `${path}.${name}`, each);
    } else if (path !== '') found.set(path, JSON.stringify(inner));
  };
  if (value !== undefined) visit('', value);
  return found;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
