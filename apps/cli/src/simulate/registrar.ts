import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { SecureContext } from 'node:tls';
import { lookup } from '../connection/loopback';
import { sasToken } from '../connection/sas';
import { ConnectionSettings } from '../connection/settings';
import { MqttClient } from './mqtt-client';

const API_VERSION = '2021-06-01';
const POLLS_MAX = 60;
const RETRY_AFTER_DEFAULT_S = 1;
const CALL_TIMEOUT_MS = 30_000;
const SOCKETS_MAX = 64;
const KEY_NAME = 'registration';

export interface Identity {
  readonly registrationId: string;
  /** base64 */
  readonly key: string;
}

/** Where a device was told to live. */
export interface Assignment {
  readonly hub: string;
  readonly deviceId: string;
}

/** Registers devices until they are told where they belong. Error: why one was not. */
export interface Registrar {
  register(device: Identity, signal: AbortSignal): Promise<Assignment>;
  close(): void;
}

interface Operation {
  readonly operationId?: string;
  readonly status?: string;
  readonly registrationState?: {
    readonly assignedHub?: string;
    readonly deviceId?: string;
    readonly errorCode?: number;
    readonly errorMessage?: string;
  };
}

interface Told {
  readonly status: number;
  readonly operation: Operation;
  readonly retryAfterS: number;
}

type Door = Pick<ConnectionSettings, 'host' | 'port' | 'mqttPort'> & {
  readonly idScope: string;
  readonly secureContext: SecureContext;
};
/** Sends the register call, or asks for an operation. */
type Send = (operationId: string | undefined) => Promise<Told>;

async function poll(send: Send, signal: AbortSignal): Promise<Assignment> {
  let told = await send(undefined);
  for (let asked = 0; isUnderWay(told) && asked < POLLS_MAX; asked++) {
    await sleep(told.retryAfterS * 1_000, undefined, { signal });
    told = await send(told.operation.operationId);
  }
  return assignmentIn(told);
}

const isUnderWay = ({ status, operation }: Told): boolean => status < 300 && operation.status === 'assigning';

function assignmentIn({ status, operation }: Told): Assignment {
  const { assignedHub: hub, deviceId, errorCode, errorMessage } = operation.registrationState ?? {};
  if (operation.status === 'assigned' && hub !== undefined && deviceId !== undefined) return { hub, deviceId };
  throw new Error(
    errorMessage === undefined
      ? `the service answered ${status} ${operation.status ?? ''}`.trim()
      : `${errorCode ?? ''} ${errorMessage}`,
  );
}

export class HttpRegistrar implements Registrar {
  private readonly agent: Agent;

  constructor(private readonly door: Door) {
    const { secureContext } = door;
    this.agent = new Agent({ lookup, keepAlive: true, maxSockets: SOCKETS_MAX, secureContext });
  }

  register(device: Identity, signal: AbortSignal): Promise<Assignment> {
    const { registrationId, key } = device;
    const { idScope } = this.door;
    const authorization = sasToken(`${idScope}/registrations/${registrationId}`, key, KEY_NAME);
    const base = `/${idScope}/registrations/${encodeURIComponent(registrationId)}`;
    return poll((operationId) => {
      const path = operationId === undefined ? `${base}/register` : `${base}/operations/${operationId}`;
      return this.call(path, authorization, operationId === undefined ? JSON.stringify({ registrationId }) : undefined);
    }, signal);
  }

  close(): void {
    this.agent.destroy();
  }

  private call(path: string, authorization: string, body: string | undefined): Promise<Told> {
    const { host, port } = this.door;
    const content = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const options = {
      host,
      port,
      agent: this.agent,
      timeout: CALL_TIMEOUT_MS,
      method: body === undefined ? 'GET' : 'PUT',
      path: `${path}?api-version=${API_VERSION}`,
      headers: { authorization, ...content },
    };
    return new Promise((resolve, reject) => {
      const call = request(options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('error', reject).once('end', () => {
          const retryAfterS = Number(response.headers['retry-after'] ?? RETRY_AFTER_DEFAULT_S);
          resolve({ status: response.statusCode ?? 0, operation: operationIn(text), retryAfterS });
        });
      });
      call.once('timeout', () => call.destroy(new Error(`no answer for ${CALL_TIMEOUT_MS / 1_000} s`)));
      call.once('error', reject).end(body);
    });
  }
}

export class MqttRegistrar implements Registrar {
  constructor(private readonly door: Door) {}

  async register({ registrationId, key }: Identity, signal: AbortSignal): Promise<Assignment> {
    const { host, mqttPort: port, secureContext, idScope } = this.door;
    const userName = `${idScope}/registrations/${registrationId}/api-version=${API_VERSION}&ClientVersion=rehome-simulate`;
    const password = sasToken(`${idScope}/registrations/${registrationId}`, key, KEY_NAME);
    const answers = new Map<string, (told: Told) => void>();
    const client = await MqttClient.connect(
      { host, port, secureContext },
      { clientId: registrationId, userName, password },
      ({ topic, payload }) => {
        const [, status = '0', query = ''] = /^\$dps\/registrations\/res\/(\d+)\/\?(.*)$/.exec(topic) ?? [];
        const parameters = new URLSearchParams(query);
        const retryAfterS = Number(parameters.get('retry-after') ?? RETRY_AFTER_DEFAULT_S);
        answers.get(parameters.get('$rid') ?? '')?.({ status: Number(status), operation: operationIn(payload), retryAfterS });
      },
    );
    try {
      await client.subscribe('$dps/registrations/res/#');
      let requests = 0;
      return await poll(async (operationId) => {
        const rid = String(++requests);
        const told = new Promise<Told>((resolve, reject) => {
          answers.set(rid, resolve);
          void client.closed.then(() => reject(new Error('the service ended the connection')));
        });
        told.catch(() => undefined);
        if (operationId === undefined) {
          await client.publish(`$dps/registrations/PUT/iotdps-register/?$rid=${rid}`, JSON.stringify({ registrationId }));
        } else
          await client.publish(`$dps/registrations/GET/iotdps-get-operationstatus/?$rid=${rid}&operationId=${operationId}`, '');
        return await told;
      }, signal);
    } finally {
      client.close();
    }
  }

  close(): void {
    // Each registration has a connection of its own.
  }
}

function operationIn(text: string): Operation {
  try {
    const parsed = JSON.parse(text) as Operation & { errorCode?: number; message?: string };
    if (parsed.errorCode === undefined) return parsed;
    return { registrationState: { errorCode: parsed.errorCode, errorMessage: parsed.message ?? 'refused' } };
  } catch {
    return {};
  }
}
