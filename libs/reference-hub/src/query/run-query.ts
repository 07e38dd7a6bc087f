import { z } from 'zod';
import { JsonObject } from '@app/event-sourcing';
import { twinDocument } from '../devices/device.documents';
import { isDeviceId } from '../devices/device-id';
import { parse } from '../devices/device.requests';
import { Device } from '../devices/device.state';
import { Hub } from '../hub';
import { HubError } from '../hub-error';
import { idsAllowed, meets, projected } from './query.evaluation';
import { parseQuery, Query } from './query.parser';

const PAGE_DEVICES_DEFAULT = 100;
const PAGE_DEVICES_MAX = 1000;
const QUERY_CHARACTERS_MAX = 4096;
/** Devices read at a time, and looked at for one page: a page may be short, or empty, and still have a next one. */
const SCAN_BATCH_DEVICES = 500;
const SCAN_DEVICES_MAX = 5000;

export interface QueryPage {
  readonly items: JsonObject[];
  /** `twin` for whole twins, `raw` for members of them. */
  readonly itemType: 'twin' | 'raw';
  /** Where the next page begins; undefined after the last one. */
  readonly continuation: string | undefined;
}

/**
 * A query on twins, page by page in the order in which devices were created. Conditions are looked up device by device, in memory
 * where the device is there; only `deviceId = …` and `deviceId IN …` go straight to their devices.
 *
 * Errors: `HubError` ArgumentInvalid.
 */
export async function runQuery(
  hub: Hub,
  body: unknown,
  pageSize: string | undefined,
  continuation: string | undefined,
): Promise<QueryPage> {
  const { query: text } = parse(z.object({ query: z.string().max(QUERY_CHARACTERS_MAX) }), body);
  const query = parseQuery(text);
  const countMax = countMaxOf(pageSize);
  const after = continuation === undefined ? undefined : decodedContinuation(continuation);
  const itemType = query.select === null ? 'twin' : 'raw';
  const ids = idsAllowed(query.where);
  const found = ids === undefined ? await scan(hub, query, after, countMax) : await lookUp(hub, query, ids, after, countMax);
  const encoded = found.last === undefined ? undefined : Buffer.from(found.last).toString('base64url');
  return { items: found.items, itemType, continuation: encoded };
}

interface Found {
  readonly items: JsonObject[];
  /** The device after which the next page begins. */
  readonly last: string | undefined;
}

async function scan(hub: Hub, query: Query, after: string | undefined, countMax: number): Promise<Found> {
  const items: JsonObject[] = [];
  let last = after;
  const batchSize = query.where === null ? countMax : SCAN_BATCH_DEVICES;
  for (let scanned = 0; scanned < SCAN_DEVICES_MAX;) {
    const devices = await hub.devices.list(last, batchSize);
    for (const device of devices) {
      const item = match(hub, query, device);
      last = device.deviceId;
      if (item !== undefined) items.push(item);
      if (items.length === countMax) return { items, last };
    }
    scanned += batchSize;
    if (devices.length < batchSize) return { items, last: undefined };
  }
  return { items, last };
}

async function lookUp(
  hub: Hub,
  query: Query,
  ids: readonly string[],
  after: string | undefined,
  countMax: number,
): Promise<Found> {
  const items: JsonObject[] = [];
  const sorted = ids.filter(isDeviceId).sort();
  for (const deviceId of after === undefined ? sorted : sorted.filter((id) => id > after)) {
    const device = await hub.devices.find(deviceId);
    const item = device === undefined ? undefined : match(hub, query, device);
    if (item !== undefined) items.push(item);
    if (items.length === countMax) return { items, last: deviceId };
  }
  return { items, last: undefined };
}

function match(hub: Hub, query: Query, device: Device): JsonObject | undefined {
  const twin = twinDocument(device, hub.connections.presenceOf(device.deviceId));
  return query.where === null || meets(twin, query.where) ? projected(twin, query) : undefined;
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
