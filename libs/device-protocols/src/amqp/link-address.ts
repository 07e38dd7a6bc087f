import { parseRegistrationPath } from './sasl-mechanisms';

export interface DeviceName {
  readonly idScope: string;
  readonly registrationId: string;
}

const ADDRESS_CHARACTERS_MAX = 1024;

/**
 * `{scope}/registrations/{id}`, as a link's address names it: bare, with a slash in front, or as a whole `amqps://host/…` URL,
 * depending on the SDK. Undefined for anything else.
 */
export function parseLinkAddress(address: unknown): DeviceName | undefined {
  if (typeof address !== 'string' || address.length > ADDRESS_CHARACTERS_MAX) return undefined;
  return parseRegistrationPath(address.replace(/^amqps?:\/\/[^/]*/i, '').replace(/^\//, ''));
}

/** Registration ids and scopes are compared without regard to case. */
export function isSameDevice(a: DeviceName, b: DeviceName): boolean {
  return a.idScope.toLowerCase() === b.idScope.toLowerCase() && a.registrationId.toLowerCase() === b.registrationId.toLowerCase();
}
