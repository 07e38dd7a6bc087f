import { JsonValue } from '@app/event-sourcing';
import { refusal } from './hub-answer';
import { devicePath } from './hub-client';
import { HubRefused, MethodOutcome, MethodRequest } from './hub-gateway';
import { HubSession } from './hub-surface';

/** What the way to the hub and back may take besides the times that the hub keeps. */
const EXTRA_MS = 5_000;
const SECOND_MS = 1_000;

/** The same at every IoT Hub. Errors: `HubRefused`, `HubUnreachable`. */
export async function invokeMethod(hub: HubSession, deviceId: string, method: MethodRequest): Promise<MethodOutcome> {
  const { name, payload, connectTimeoutMs, responseTimeoutMs } = method;
  const answer = await hub.call({
    method: 'POST',
    path: `${devicePath('/twins', deviceId)}/methods`,
    body: {
      methodName: name,
      payload,
      connectTimeoutInSeconds: Math.ceil(connectTimeoutMs / SECOND_MS),
      responseTimeoutInSeconds: Math.ceil(responseTimeoutMs / SECOND_MS),
    },
    onceWithinMs: connectTimeoutMs + responseTimeoutMs + EXTRA_MS,
  });
  if (answer.errorCode === 'DeviceNotOnline') return { kind: 'not-online' };
  if (answer.errorCode === 'GatewayTimeout' || answer.status === 504) return { kind: 'timed-out' };
  if (answer.status !== 200) throw refusal(hub.hostName, answer);
  const { status, payload: given } = (answer.body ?? {}) as { status?: unknown; payload?: JsonValue };
  if (typeof status !== 'number') {
    throw new HubRefused(hub.hostName, answer.status, undefined, 'the hub\'s answer is not understood (at "status")');
  }
  return { kind: 'answered', status, payload: given ?? null };
}
