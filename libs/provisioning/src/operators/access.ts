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
  /** `reason` is for the log only. */
  | { readonly granted: false; readonly reason: string };

/** Decides whether an `Authorization` header (service SAS token or operator's bearer token) grants a right. */
export interface AccessControl {
  authorize(authorization: string | undefined, right: Right, now: Date): AccessVerdict;
}
