import { JsonObject, JsonValue } from '@app/event-sourcing';
import { Comparator, Condition, Literal, Path, Query } from './query.parser';

/** Whether a twin document meets the condition. A member that is not there meets none but `NOT` and `!=`. */
export function meets(twin: JsonObject, condition: Condition): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.all.every((each) => meets(twin, each));
    case 'or':
      return condition.all.some((each) => meets(twin, each));
    case 'not':
      return !meets(twin, condition.condition);
    case 'compare':
      return holds(valueAt(twin, condition.path), condition.by, condition.with);
    case 'in': {
      const value = valueAt(twin, condition.path);
      return condition.values.some((each) => value === each);
    }
    case 'defined':
      return valueAt(twin, condition.path) !== undefined;
  }
}

function holds(value: JsonValue | undefined, by: Comparator, other: Literal): boolean {
  if (by === '=') return value === other;
  if (by === '!=') return value !== other;
  // Only numbers and texts have an order, and only among themselves.
  if (typeof value === 'number' && typeof other === 'number') return inOrder(value - other, by);
  if (typeof value === 'string' && typeof other === 'string') return inOrder(value < other ? -1 : value > other ? 1 : 0, by);
  return false;
}

function inOrder(difference: number, by: '<' | '<=' | '>' | '>='): boolean {
  switch (by) {
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
  }
}

/** Names of the twin's own members are found in any case, as in the cloud; keys of tags and properties exactly. */
function valueAt(twin: JsonObject, path: Path): JsonValue | undefined {
  let value: JsonValue | undefined = twin;
  for (const [depth, name] of path.entries()) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = memberOf(value, name, depth === 0 || (depth === 1 && path[0]?.toLowerCase() === 'properties'));
  }
  return value;
}

function memberOf(object: JsonObject, name: string, anyCase: boolean): JsonValue | undefined {
  if (Object.hasOwn(object, name)) return object[name];
  if (!anyCase) return undefined;
  const found = Object.keys(object).find((key) => key.toLowerCase() === name.toLowerCase());
  return found === undefined ? undefined : object[found];
}

/** The twin, or the members asked for, each under the last name of its path. */
export function projected(twin: JsonObject, { select }: Query): JsonObject {
  if (select === null) return twin;
  const members = select.flatMap((path) => {
    const value = valueAt(twin, path);
    return value === undefined ? [] : [[path.at(-1) ?? '', value] as const];
  });
  return Object.fromEntries(members);
}

/** The one id, or the ids, that the condition allows at most; undefined when it may allow any. */
export function idsAllowed(condition: Condition | null): readonly string[] | undefined {
  if (condition === null) return undefined;
  switch (condition.kind) {
    case 'compare':
      return isDeviceId(condition.path) && condition.by === '=' ? texts([condition.with]) : undefined;
    case 'in':
      return isDeviceId(condition.path) ? texts(condition.values) : undefined;
    case 'and':
      return condition.all.map(idsAllowed).find((ids) => ids !== undefined);
    case 'or':
    case 'not':
    case 'defined':
      return undefined;
  }
}

const isDeviceId = (path: Path): boolean => path.length === 1 && path[0]?.toLowerCase() === 'deviceid';
const texts = (values: readonly Literal[]): readonly string[] => [
  ...new Set(values.filter((value) => typeof value === 'string')),
];
