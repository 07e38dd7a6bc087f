import { Actor, JsonObject, JsonValue } from '@app/event-sourcing';
import { EnrollmentKind } from '../shared/shapes';

/** `a`, `a and b`, `a, b and c`. */
export function enumerated(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count === 0 ? 'no' : count} ${count === 1 ? one : many}`;
}

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function actorName({ kind, name }: Actor): string {
  switch (kind) {
    case 'operator':
      return `operator ${name}`;
    case 'device':
      return `device ${name}`;
    case 'system':
      return 'the service itself';
  }
}

export function enrollmentName({ kind, id }: { readonly kind: EnrollmentKind; readonly id: string }): string {
  switch (kind) {
    case 'individual':
      return `individual enrollment ${id}`;
    case 'group':
      return `enrollment group ${id}`;
  }
}

/** Grounds say why a hub was left out as the present of then: "is cordoned: it takes no new devices". */
export function inThePast(reason: string): string {
  return reason
    .replace(/^is /, 'was ')
    .replace(/^cannot be reached at the moment/, 'could not be reached')
    .replace(': it takes no new devices', ' and took no new devices');
}

const transports: Readonly<Record<string, string>> = { https: 'HTTPS', mqtt: 'MQTT', amqp: 'AMQP' };

export function transportName(transport: string): string {
  return transports[transport] ?? transport;
}

/** Values in a tree of properties; an array is one. */
export function propertiesIn(values: JsonObject): number {
  return Object.values(values).reduce<number>((sum, value) => sum + (isTree(value) ? propertiesIn(value) : 1), 0);
}

function isTree(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
