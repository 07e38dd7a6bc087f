import { readFileSync } from 'node:fs';
import { usageError } from '../exit-codes';

const text = (describe: string, alias?: string | readonly string[]) =>
  ({ type: 'string', describe, requiresArg: true, ...(alias === undefined ? {} : { alias }) }) as const;

/** Options that several verbs have in common. */
export const shared = {
  top: { type: 'number', alias: 'limit', default: 100, describe: 'How many to list at most', requiresArg: true },
  etag: text('Change it only while its etag is this one', 'e'),
  since: text('At or after this time, such as 2026-01-31T08:00:00Z or 2026-01-31'),
  until: text('Before this time'),
  at: text('As it was at this time'),
  revision: text('As it was after this revision of its stream'),
  text,
} as const;

/** JSON given in the command line, or as @file. Error: usage. */
export function jsonIn(option: string, given: string | undefined): unknown {
  if (given === undefined) return undefined;
  const content = given.startsWith('@') ? fileText(option, given.slice(1)) : given;
  try {
    return JSON.parse(content) as unknown;
  } catch {
    throw usageError(`--${option} is not JSON; give a JSON text or @file`);
  }
}

/** A JSON object. Error: usage. */
export function objectIn(option: string, given: string | undefined): Readonly<Record<string, unknown>> | undefined {
  const value = jsonIn(option, given);
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw usageError(`--${option} must be a JSON object`);
  return value as Readonly<Record<string, unknown>>;
}

export function fileText(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw usageError(`--${option}: the file ${path} cannot be read`);
  }
}

/** A part of a path. */
export const part = (id: string): string => encodeURIComponent(id);

/** An etag as a header says it; people paste it with and without its quotation marks. */
export function ifMatch(etag: string | undefined): Readonly<Record<string, string | undefined>> {
  if (etag === undefined || etag === '*') return { 'if-match': etag };
  return { 'if-match': etag.startsWith('"') ? etag : `"${etag}"` };
}

/** A whole number, at least 1. Error: usage. */
export function countIn(option: string, given: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(given) && given >= 1 && given <= max) return given;
  throw usageError(`--${option} must be a whole number from 1 to ${max}`);
}
