import { createHash } from 'node:crypto';

/**
 * `5.{16 hex digits, stable for the registration}.{guid}`: the shape clients have seen for years. The guid is the correlation id of
 * the request that began the operation, so that everything done later on its behalf is tied to it.
 */
export function operationIdFor(registrationId: string, correlationId: string): string {
  const digits = createHash('sha256').update(registrationId.toLowerCase()).digest('hex').slice(0, 16);
  return `5.${digits}.${correlationId}`;
}

export function correlationOf(operationId: string): string {
  return operationId.split('.').at(-1) ?? operationId;
}
