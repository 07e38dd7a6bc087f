import { z } from 'zod';
import { JsonObject } from '@app/event-sourcing';
import { HubCall } from '../access/hub-call';
import { HubError, hubErrorOf } from '../hub-error';
import { Condition } from './device.checks';
import { DeviceCommand } from './device.decider';
import { isDeviceId } from './device-id';
import { parse, parseIdentity, parseTwin, sasCredentials } from './device.requests';

const BULK_DEVICES_MAX = 100;

const importModes = [
  'create',
  'createOrUpdate',
  'update',
  'updateIfMatchETag',
  'delete',
  'deleteIfMatchETag',
  'updateTwin',
  'updateTwinIfMatchETag',
] as const;
type ImportMode = (typeof importModes)[number];

const item = z.looseObject({
  id: z.string(),
  importMode: z.string(),
  eTag: z.string().nullish(),
  etag: z.string().nullish(),
  twinETag: z.string().nullish(),
});
type Item = z.infer<typeof item>;

/**
 * The body of `POST /devices`: up to 100 devices, each a command of its own, in order. One that is refused does not stop the others;
 * the answer lists it.
 *
 * Errors: `HubError` ArgumentInvalid, DeviceDefinedMultipleTimes, before anything is done; errors of the store.
 */
export async function runBulk(call: HubCall, body: unknown): Promise<JsonObject> {
  const items = parse(z.array(item).min(1).max(BULK_DEVICES_MAX), body);
  if (new Set(items.map(({ id }) => id)).size !== items.length) {
    throw new HubError('DeviceDefinedMultipleTimes', 'a device is named more than once');
  }
  const errors: JsonObject[] = [];
  for (const each of items) {
    const error = await runItem(call, each);
    if (error !== undefined) errors.push({ deviceId: each.id, errorCode: error.code, errorStatus: error.message });
  }
  return { isSuccessful: errors.length === 0, errors, warnings: [] };
}

/** The refusal of one item. What is not the item's fault fails the whole request. */
async function runItem(call: HubCall, given: Item): Promise<HubError | undefined> {
  try {
    if (!isDeviceId(given.id)) throw new HubError('ArgumentInvalid', 'the device id is not allowed');
    await execute(call, given, modeOf(given));
    return undefined;
  } catch (cause) {
    const error = hubErrorOf(cause);
    if (error.status >= 500) throw cause;
    return error;
  }
}

async function execute(call: HubCall, given: Item, mode: ImportMode): Promise<void> {
  const { devices } = call.hub;
  if (mode !== 'createOrUpdate') {
    await devices.execute(given.id, commandOf(call, given, mode), call);
    return;
  }
  const there = await devices.find(given.id);
  await devices.execute(given.id, commandOf(call, given, there === undefined ? 'create' : 'update'), call);
}

function modeOf({ importMode }: Item): ImportMode {
  const mode = importModes.find((each) => each.toLowerCase() === importMode.toLowerCase());
  if (mode === undefined) throw new HubError('ArgumentInvalid', 'the importMode is not known');
  return mode;
}

function commandOf({ hub }: HubCall, given: Item, mode: Exclude<ImportMode, 'createOrUpdate'>): DeviceCommand {
  const { id } = given;
  const at = hub.now();
  switch (mode) {
    case 'create': {
      const identity = parseIdentity(given, id, hub.secrets);
      const { credentials = sasCredentials('', '', hub.secrets) } = identity;
      const { tags, desired } = parseTwin(given);
      return {
        type: 'CreateDevice',
        deviceId: id,
        generationId: hub.newGenerationId(),
        identity: { ...identity, credentials },
        tags: tags ?? {},
        desired: desired ?? {},
        at,
      };
    }
    case 'update':
      return { type: 'UpdateIdentity', identity: parseIdentity(given, id, hub.secrets), condition: 'any', at };
    case 'updateIfMatchETag':
      return { type: 'UpdateIdentity', identity: parseIdentity(given, id, hub.secrets), condition: etagOf(given), at };
    case 'delete':
      return { type: 'DeleteDevice', condition: 'any', at };
    case 'deleteIfMatchETag':
      return { type: 'DeleteDevice', condition: etagOf(given), at };
    case 'updateTwin':
      return { type: 'PatchTwin', ...parseTwin(given), condition: 'any', at };
    case 'updateTwinIfMatchETag':
      return { type: 'PatchTwin', ...parseTwin(given), condition: conditionOf(given.twinETag ?? undefined), at };
  }
}

const etagOf = ({ eTag, etag }: Item): Condition => conditionOf(eTag ?? etag ?? undefined);

function conditionOf(etag: string | undefined): Condition {
  if (etag === undefined) throw new HubError('ArgumentNull', 'the etag is missing');
  const bare = etag.replace(/^"(.*)"$/, '$1');
  return bare === '*' ? 'any' : { etag: bare };
}
