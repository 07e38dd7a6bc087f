import { Actor } from '@app/event-sourcing';

export const rights = [
  'ServiceConfig',
  'EnrollmentRead',
  'EnrollmentWrite',
  'DeviceConnect',
  'RegistrationStatusRead',
  'RegistrationStatusWrite',
  'AuditRead',
  'AuditWrite',
] as const;
export type Right = (typeof rights)[number];

export type AccessVerdict =
  | { readonly granted: true; readonly actor: Actor }
  /** `reason` is for the log only; `missing` is the right that an operator, who is known, lacks and may be told of. */
  | { readonly granted: false; readonly reason: string; readonly missing?: Right };

/** Somebody with a bearer token. */
export interface Operator {
  readonly name: string;
  readonly rights: ReadonlySet<Right>;
  /** SHA-256. */
  readonly tokenDigest: Buffer;
}

export function withoutRight(name: string, right: Right): string {
  return `"${name}" does not have the right ${right}`;
}

/** Decides whether an `Authorization` header (service SAS token or operator's bearer token) grants a right. */
export interface AccessControl {
  authorize(authorization: string | undefined, right: Right, now: Date): AccessVerdict;
  operatorWith(token: string): Operator | undefined;
  operatorNamed(name: string): Operator | undefined;
}
