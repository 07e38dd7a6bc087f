import { z } from 'zod';
import { JsonObject } from '@app/event-sourcing';
import { HubError } from '../hub-error';
import { twinDocument } from './device.documents';
import { isDeviceId } from './device-id';
import { parse } from './device.requests';
import { HubDevices } from './hub-devices';

const PAGE_DEVICES_DEFAULT = 100;
const PAGE_DEVICES_MAX = 1000;
const QUERY_CHARACTERS_MAX = 4096;

const ALL_DEVICES = /^\s*select\s+\*\s+from\s+devices\s*;?\s*$/i;

export interface QueryPage {
  /** Twins. */
  readonly items: JsonObject[];
  /** Where the next page begins; undefined after the last one. */
  readonly continuation: string | undefined;
}

/**
 * `SELECT * FROM devices`, page by page in the order of creation; other queries are refused, not answered wrongly.
 *
 * Errors: `HubError` ArgumentInvalid.
 */
export async function runQuery(
  devices: HubDevices,
  body: unknown,
  pageSize: string | undefined,
  continuation: string | undefined,
): Promise<QueryPage> {
  const { query } = parse(z.object({ query: z.string().max(QUERY_CHARACTERS_MAX) }), body);
  if (!ALL_DEVICES.test(query)) throw new HubError('ArgumentInvalid', 'this hub answers SELECT * FROM devices only');
  const countMax = countMaxOf(pageSize);
  const found = await devices.list(continuation === undefined ? undefined : decodedContinuation(continuation), countMax);
  const last = found.length < countMax ? undefined : found.at(-1);
  return {
    items: found.map((device) => twinDocument(device)),
    continuation: last === undefined ? undefined : Buffer.from(last.deviceId).toString('base64url'),
  };
}

function countMaxOf(pageSize: string | undefined): number {
  if (pageSize === undefined) return PAGE_DEVICES_DEFAULT;
  const count = /^\d{1,9}$/.test(pageSize) ? Number(pageSize) : 0;
  if (count < 1) throw new HubError('ArgumentInvalid', 'x-ms-max-item-count must be a whole number from 1');
  return Math.min(count, PAGE_DEVICES_MAX);
}

function decodedContinuation(continuation: string): string {
  const deviceId = Buffer.from(continuation, 'base64url').toString();
  if (isDeviceId(deviceId)) return deviceId;
  throw new HubError('ArgumentInvalid', 'x-ms-continuation is not what this hub gave');
}
