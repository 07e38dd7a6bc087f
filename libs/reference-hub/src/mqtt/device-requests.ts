import { JsonObject, JsonValue } from '@app/event-sourcing';
import { DeviceSession } from '../connections/device-session';
import { deviceTwinDocument } from '../devices/device.documents';
import { parseReported } from '../devices/device.requests';
import { Hub } from '../hub';
import { HubError, errorNumberOf, hubErrorOf } from '../hub-error';
import { JSON_DEPTH_MAX, isTooDeep } from '../http/json-body';
import { DeviceTopic } from './topics';

export interface DeviceMessage {
  readonly topic: DeviceTopic;
  readonly payload: Buffer;
  /** Of this message, for the log and the events. */
  readonly trackingId: string;
}

/** What a device publishes, carried out. Errors of the device's own making are answered; others are given back for the log, too. */
export async function handleDeviceMessage(
  hub: Hub,
  session: DeviceSession,
  message: DeviceMessage,
): Promise<HubError | undefined> {
  const { topic, payload, trackingId } = message;
  hub.connections.active(session.deviceId);
  switch (topic.kind) {
    case 'telemetry':
      hub.connections.telemetry.count(session.deviceId, topic.properties, payload, hub.now());
      return undefined;
    case 'method-answer':
      session.answered(topic.requestId, { status: topic.status, payload: methodPayload(payload) });
      return undefined;
    case 'get-twin':
      return answering(hub, session, topic.requestId, trackingId, async () => {
        const twin = deviceTwinDocument(await hub.devices.get(session.deviceId));
        session.link.sendTwinResponse(200, topic.requestId, asciiJson(twin));
      });
    case 'report':
      return answering(hub, session, topic.requestId, trackingId, async () => {
        const version = await report(hub, session.deviceId, payload, trackingId);
        session.link.sendTwinResponse(204, topic.requestId, '', version);
      });
  }
}

async function report(hub: Hub, deviceId: string, payload: Buffer, trackingId: string): Promise<number> {
  const command = { type: 'ReportProperties', patch: parseReported(jsonIn(payload)), at: hub.now() } as const;
  const actor = { kind: 'device', name: deviceId } as const;
  const device = await hub.devices.write(deviceId, command, { actor, correlationId: trackingId });
  return device.reported.version;
}

async function answering(
  hub: Hub,
  session: DeviceSession,
  requestId: string,
  trackingId: string,
  work: () => Promise<void>,
): Promise<HubError | undefined> {
  try {
    await work();
    return undefined;
  } catch (cause) {
    const error = hubErrorOf(cause);
    const body = {
      errorCode: errorNumberOf(error),
      trackingId,
      message: error.message,
      timestampUtc: hub.now(),
    };
    session.link.sendTwinResponse(error.status, requestId, asciiJson(body));
    return error;
  }
}

function jsonIn(payload: Buffer): unknown {
  const text = payload.toString('utf8');
  if (isTooDeep(text)) throw new HubError('ArgumentInvalid', `the body is nested deeper than ${JSON_DEPTH_MAX} levels`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new HubError('IotHubFormatError', 'the body is not JSON that can be read');
  }
}

/** A device may answer with nothing, or with something that is no JSON: then the text is the answer. */
function methodPayload(payload: Buffer): JsonValue {
  const text = payload.toString('utf8');
  if (text.trim() === '') return null;
  if (isTooDeep(text)) return text;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

/** The Node SDK reads bodies as ASCII. */
export function asciiJson(value: JsonObject | JsonValue): string {
  return asciiText(JSON.stringify(value));
}

export function asciiText(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
