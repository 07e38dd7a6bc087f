import { JsonValue } from '@app/event-sourcing';

const WITHHELD = 'withheld';

/** Sealed secrets are of no use to a reader; a fingerprint would even let two of them be compared. */
export function withoutSecrets(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (value === null || typeof value !== 'object') return value;
  if ('sealed' in value && 'fingerprint' in value) return WITHHELD;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutSecrets(member)]));
}
