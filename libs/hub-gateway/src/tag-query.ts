import { refusal } from './hub-answer';
import { HubRefused, TagCondition, TaggedDevices } from './hub-gateway';
import { HubSession } from './hub-surface';

const PAGE_DEVICES_MAX = 1_000;
const TAG = /^\w{1,64}(?:\.\w{1,64}){0,9}$/;

/** The same at every IoT Hub. Errors: `HubRefused`, also for a tag that a query cannot name; `HubUnreachable`. */
export async function devicesTagged(
  hub: HubSession,
  { tag, value }: TagCondition,
  continuation: string | undefined,
): Promise<TaggedDevices> {
  if (!TAG.test(tag)) throw new HubRefused(hub.hostName, 400, 'ArgumentInvalid', `a query cannot name the tag "${tag}"`);
  const literal = typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
  const answer = await hub.call({
    method: 'POST',
    path: '/devices/query',
    body: { query: `SELECT deviceId FROM devices WHERE tags.${tag} = ${literal}` },
    page: { itemsMax: PAGE_DEVICES_MAX, continuation },
  });
  if (answer.status !== 200 || !Array.isArray(answer.body)) throw refusal(hub.hostName, answer);
  const deviceIds = (answer.body as { deviceId?: unknown }[]).map(({ deviceId }) => deviceId);
  return { deviceIds: deviceIds.filter((id) => typeof id === 'string'), continuation: answer.continuation };
}
