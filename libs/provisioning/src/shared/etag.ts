/**
 * ETags of the compatible routes stand for stream revisions. They carry their quotation marks inside the document
 * (`"etag":"\"…\""`) and keep the shape clients have seen; to clients they are opaque.
 */
const SUFFIX = '-0000-0100-0000-';
const SHAPE = /^([0-9a-f]{8})-0000-0100-0000-([0-9a-f]{12})$/i;
const LOW_BITS = 32n;

export function etagOf(revision: bigint | number): string {
  const value = BigInt(revision);
  const low = (value & 0xffffffffn).toString(16).padStart(8, '0');
  return `"${low}${SUFFIX}${(value >> LOW_BITS).toString(16).padStart(12, '0')}"`;
}

/** What a client's `If-Match` asks for: nothing, that the thing exists, one revision, or a tag that was never given out. */
export type IfMatch = 'unconditional' | 'exists' | { readonly revision: bigint } | 'never';

/** Quotation marks and `W/` are optional, because clients disagree about them. */
export function parseIfMatch(header: string | undefined): IfMatch {
  const text = header?.trim() ?? '';
  if (text === '') return 'unconditional';
  const tag = text
    .replace(/^W\//i, '')
    .replace(/^"(.*)"$/s, '$1')
    .trim();
  if (tag === '*') return 'exists';
  const match = SHAPE.exec(tag);
  if (match === null) return 'never';
  return { revision: (BigInt(`0x${match[2] ?? '0'}`) << LOW_BITS) | BigInt(`0x${match[1] ?? '0'}`) };
}

/** Whether a condition holds for something at `revision`; undefined when it does not exist. */
export function holds(condition: IfMatch, revision: bigint | undefined): boolean {
  if (condition === 'unconditional') return true;
  if (condition === 'never' || revision === undefined) return false;
  return condition === 'exists' || condition.revision === revision;
}
