import { setTimeout as sleep } from 'node:timers/promises';
import { sasToken } from '../connection/sas';
import { unlessAborted } from './answers';
import { Identity } from './identity';

export const API_VERSION = '2021-06-01';
export const CLIENT_VERSION = 'rehome-simulate';
export const RETRY_AFTER_DEFAULT_S = 1;
const POLLS_MAX = 60;
const KEY_NAME = 'registration';

/** Where a device was told to live. */
export interface Assignment {
  readonly hub: string;
  readonly deviceId: string;
}

export interface Operation {
  readonly operationId?: string;
  readonly status?: string;
  readonly registrationState?: {
    readonly assignedHub?: string;
    readonly deviceId?: string;
    readonly errorCode?: number;
    readonly errorMessage?: string;
  };
}

export interface Told {
  /** What the transport itself says of the answer, such as `401`; empty where that is nothing. */
  readonly outcome: string;
  readonly operation: Operation;
  readonly retryAfterS: number;
}

/** One device and the service, over one connection. Errors: why the service cannot be asked. */
export interface Conversation {
  /** Registers, or asks for the operation. */
  send(operationId: string | undefined): Promise<Told>;
  close(): void;
}

/** What proves a device to the service where it has a key; certificates prove it in the connection. */
export function registrationToken({ registrationId, key }: Identity, idScope: string): string | undefined {
  return key === undefined ? undefined : sasToken(`${idScope}/registrations/${registrationId}`, key, KEY_NAME);
}

/** Registers a device until it is told where it belongs. Error: why it was not told. */
export async function register(open: () => Promise<Conversation>, signal: AbortSignal): Promise<Assignment> {
  const opening = open();
  const conversation = await unlessAborted(signal, opening).catch((error: unknown) => {
    void opening.then(
      (late) => late.close(),
      () => undefined,
    );
    throw error;
  });
  try {
    return await unlessAborted(signal, poll(conversation, signal));
  } finally {
    conversation.close();
  }
}

async function poll(conversation: Conversation, signal: AbortSignal): Promise<Assignment> {
  let told = await conversation.send(undefined);
  for (let asked = 0; told.operation.status === 'assigning' && asked < POLLS_MAX; asked++) {
    await sleep(told.retryAfterS * 1_000, undefined, { signal });
    told = await conversation.send(told.operation.operationId);
  }
  return assignmentIn(told);
}

function assignmentIn({ outcome, operation }: Told): Assignment {
  const { assignedHub: hub, deviceId, errorCode, errorMessage } = operation.registrationState ?? {};
  if (operation.status === 'assigned' && hub !== undefined && deviceId !== undefined) return { hub, deviceId };
  throw new Error(
    errorMessage === undefined
      ? ['the service answered', outcome, operation.status ?? ''].filter((word) => word !== '').join(' ')
      : `${errorCode ?? ''} ${errorMessage}`.trim(),
  );
}

/** What the service said, also where it is an error document or nothing that is understood. */
export function operationIn(text: string): Operation {
  try {
    const parsed = JSON.parse(text) as Operation & { errorCode?: number; message?: string };
    if (parsed.errorCode === undefined) return parsed;
    return { registrationState: { errorCode: parsed.errorCode, errorMessage: parsed.message ?? 'refused' } };
  } catch {
    return {};
  }
}
