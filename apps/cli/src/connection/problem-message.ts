import { CommandFailed, exitCode } from '../exit-codes';

const NOT_FOUND = 404;
const BODY_CHARACTERS_SHOWN_MAX = 300;

interface Told {
  readonly title?: unknown;
  readonly detail?: unknown;
  readonly errors?: unknown;
  readonly trackingId?: unknown;
  readonly message?: unknown;
}

/** A problem document (RFC 9457), or an error of the compatible routes, as one message; what is not there is the answer "no". */
export function refusal(status: number, body: string): CommandFailed {
  return new CommandFailed(messageOf(status, body), status === NOT_FOUND ? exitCode.no : exitCode.refused);
}

function messageOf(status: number, body: string): string {
  const told = parsed(body);
  if (told === undefined) {
    const rest = body.trim().slice(0, BODY_CHARACTERS_SHOWN_MAX);
    return `the service answered ${status}${rest === '' ? '' : `: ${rest}`}`;
  }
  const detail = [told.detail, told.message, told.title].find((text) => typeof text === 'string' && text !== '');
  const errors = Array.isArray(told.errors) ? told.errors.map((error) => `\n  - ${String(error)}`).join('') : '';
  const tracking = typeof told.trackingId === 'string' ? ` (${status}, tracking id ${told.trackingId})` : ` (${status})`;
  return `${typeof detail === 'string' ? detail : 'the service refused'}${tracking}${errors}`;
}

function parsed(body: string): Told | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
