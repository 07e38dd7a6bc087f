import { Message, Typed, message as messages, types } from 'rhea';
import type { DeviceAnswer } from '../device-service';
import { asciiJson } from '../json-text';
import { conditionOf } from './conditions';

export type CorrelationId = string | number | Buffer;

/** A request of wire contract §2.2; `body` is what the data section has, empty when there is none. */
export interface DeviceRequest {
  readonly operation: 'register' | 'get operation' | 'get registration';
  readonly operationId: string;
  readonly correlationId: CorrelationId | undefined;
  readonly body: Buffer;
}

const operations: ReadonlyMap<unknown, DeviceRequest['operation']> = new Map([
  ['iotdps-register', 'register'],
  ['iotdps-get-operationstatus', 'get operation'],
  ['iotdps-get-registration', 'get registration'],
]);
const CORRELATION_ID_MAX = 256;
const UUID_BYTES = 16;

/** A message in the form the library gives it: nothing is known of its parts. */
type Received = Readonly<Partial<Record<'application_properties' | 'correlation_id' | 'message_id' | 'body', unknown>>>;

/** The request of a message, or why it is none. */
export function parseRequest(message: Received): DeviceRequest | { readonly problem: string } {
  const properties = (message.application_properties ?? {}) as Readonly<Record<string, unknown>>;
  const operation = operations.get(properties['iotdps-operation-type']);
  if (operation === undefined) return { problem: 'iotdps-operation-type is missing or not supported' };
  const correlationId = message.correlation_id ?? message.message_id;
  if (correlationId !== undefined && !isCorrelationId(correlationId)) return { problem: 'the correlation id cannot be echoed' };
  const body = bodyOf(message.body);
  if (body === undefined) return { problem: 'the body must be one data section' };
  const operationId = properties['iotdps-operation-id'];
  return { operation, operationId: typeof operationId === 'string' ? operationId : '', correlationId, body };
}

function isCorrelationId(value: unknown): value is CorrelationId {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value.length <= CORRELATION_ID_MAX;
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function bodyOf(body: unknown): Buffer | undefined {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body);
  const { typecode, content } = body as { readonly typecode?: unknown; readonly content?: unknown };
  if (typecode !== DATA_SECTION) return undefined;
  if (Buffer.isBuffer(content)) return content;
  return Array.isArray(content) && content.every((part) => Buffer.isBuffer(part)) ? Buffer.concat(content) : undefined;
}

const DATA_SECTION = 0x75;

/** The answer as a message: JSON in a data section, because clients parse the content of one. */
export function responseMessage({ body, retryAfterS }: DeviceAnswer, correlationId: CorrelationId | undefined): Message {
  const { operationId, status } = body as { readonly operationId?: string; readonly status?: string };
  return {
    ...(correlationId === undefined ? {} : { correlation_id: echoed(correlationId) as string }),
    application_properties: {
      ...(status === undefined ? {} : { 'iotdps-status': status }),
      ...(operationId === undefined ? {} : { 'iotdps-operation-id': operationId }),
      // As text: a number 0 would be no number at all to the Node SDK.
      ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
    },
    body: messages.data_section(Buffer.from(asciiJson(body))) as unknown,
  };
}

/** Bytes of another length than a UUID's were an id of type binary. */
function echoed(correlationId: CorrelationId): unknown {
  return Buffer.isBuffer(correlationId) && correlationId.length !== UUID_BYTES ? types.wrap_binary(correlationId) : correlationId;
}

const REJECTED = 0x25;
const ERROR = 0x1d;

/** The outcome of a request that fails: a condition, the JSON error as description, and when to try again. */
export function rejection({ status, body, retryAfterS }: DeviceAnswer): Typed {
  const info = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) };
  const error = described(ERROR, [
    types.wrap_symbol(conditionOf(status)),
    types.wrap_string(asciiJson(body)),
    types.wrap_symbolic_map(info),
  ]);
  return described(REJECTED, [error]);
}

function described(descriptor: number, fields: readonly Typed[]): Typed {
  const { List32, described_nc: describe, wrap_ulong: ulong } = types as unknown as Encoders;
  return describe(ulong(descriptor), List32(fields));
}

/** Functions of the library that its types give no types to. */
interface Encoders {
  readonly List32: (items: readonly Typed[]) => Typed;
  readonly described_nc: (descriptor: Typed, value: Typed) => Typed;
  readonly wrap_ulong: (value: number) => Typed;
}
