import { z } from 'zod';
import { JsonValue } from '@app/event-sourcing';
import { MethodCall } from '../connections/device-session';
import { parse } from '../devices/device.requests';
import { HubError } from '../hub-error';

const METHOD_NAME_CHARACTERS_MAX = 100;
const PAYLOAD_BYTES_MAX = 96 * 1024;
const RESPONSE_SECONDS_DEFAULT = 30;
const RESPONSE_SECONDS_MIN = 1;
const TIMEOUT_SECONDS_MAX = 300;
const SECOND_MS = 1000;

const request = z.object({
  methodName: z
    .string()
    .regex(/^[\w.-]+$/, 'must be letters, digits, dots, dashes and underscores')
    .max(METHOD_NAME_CHARACTERS_MAX),
  payload: z.unknown().optional(),
  responseTimeoutInSeconds: z.int().min(RESPONSE_SECONDS_MIN).max(TIMEOUT_SECONDS_MAX).nullish(),
  connectTimeoutInSeconds: z.int().min(0).max(TIMEOUT_SECONDS_MAX).nullish(),
});

/** The body of `POST /twins/{id}/methods`. Errors: `HubError` ArgumentInvalid, MessageTooLarge. */
export function parseMethodCall(body: unknown): { readonly call: MethodCall; readonly connectTimeoutMs: number } {
  const given = parse(request, body);
  const payload = (given.payload ?? null) as JsonValue;
  if (Buffer.byteLength(JSON.stringify(payload)) > PAYLOAD_BYTES_MAX) {
    throw new HubError('MessageTooLarge', `the payload of a method has at most ${PAYLOAD_BYTES_MAX} bytes`);
  }
  const responseTimeoutMs = (given.responseTimeoutInSeconds ?? RESPONSE_SECONDS_DEFAULT) * SECOND_MS;
  const connectTimeoutMs = (given.connectTimeoutInSeconds ?? 0) * SECOND_MS;
  return { call: { name: given.methodName, payload, responseTimeoutMs }, connectTimeoutMs };
}
