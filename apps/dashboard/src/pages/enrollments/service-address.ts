import type { Kind } from './enrollment-form';

const API_VERSION = '2021-10-01';
const places: Readonly<Record<Kind, string>> = { individual: 'enrollments', group: 'enrollmentGroups' };

/** Entries are written by the service API, which the tools of administrators use as well. */
export function serviceAddress(kind: Kind, id: string, action = ''): string {
  return `/${places[kind]}/${encodeURIComponent(id)}${action}?api-version=${API_VERSION}`;
}
