import { randomUUID } from 'node:crypto';
import { Duplex } from 'node:stream';
import type { Connection, EventContext, Message, Sender } from 'rhea';
import { create_container, message as messages } from 'rhea';
import { answered } from './answers';
import { Identity } from './identity';
import { Door, openStream } from './open-stream';
import {
  API_VERSION,
  CLIENT_VERSION,
  Conversation,
  RETRY_AFTER_DEFAULT_S,
  Told,
  operationIn,
  registrationToken,
} from './registration';

/** How the library calls what goes wrong; the first that comes has the reason. */
const endings = ['connection_error', 'connection_close', 'session_error', 'receiver_error', 'sender_error', 'disconnected'];
const errors = ['protocol_error', 'error'];

export async function openAmqp(door: Door, idScope: string, device: Identity): Promise<Conversation> {
  const address = `${idScope}/registrations/${device.registrationId}`;
  const password = registrationToken(device, idScope);
  const connection = connectionOn(await openStream(door), door.host, {
    container_id: device.registrationId,
    // A device with a certificate comes without a SASL layer.
    ...(password === undefined ? {} : { username: address, password }),
  });
  const over = ending(connection, door.host);
  const properties = { 'com.microsoft:api-version': API_VERSION, 'com.microsoft:client-version': CLIENT_VERSION };
  connection.open_receiver({ source: address, properties });
  const sender = connection.open_sender({ target: address, properties });
  try {
    await answered(new Promise((resolve) => sender.once('sendable', resolve)), over);
  } catch (error) {
    connection.close();
    throw error;
  }
  return {
    send: (operationId) => answered(asked(connection, sender, requestMessage(device.registrationId, operationId)), over),
    close: () => connection.close(),
  };
}

/** The library's end of a connection that is already open, and that it need not make again. */
function connectionOn(stream: Duplex, host: string, credentials: object): Connection {
  const connect = (_port: number, _host: string, _options: unknown, connected: () => void): Duplex => {
    setImmediate(connected);
    return stream;
  };
  const details = { host, port: 0, connect, options: {} };
  const options = { ...credentials, host, hostname: host, reconnect: false, connection_details: () => details };
  return create_container().connect(options as never);
}

/** Rejects when the connection or what is on it ends. */
function ending(connection: Connection, host: string): Promise<never> {
  const over = new Promise<never>((_, reject) => {
    const end = (reason: string): void => reject(new Error(`${host} ended the connection${reason === '' ? '' : `: ${reason}`}`));
    for (const name of endings) connection.on(name, (context: EventContext) => end(reasonOf(context)));
    for (const name of errors) connection.on(name, (error: Error) => end(error.message));
  });
  over.catch(() => undefined);
  return over;
}

function reasonOf({ error, receiver, sender, session }: EventContext): string {
  const reason: Reason = error ?? receiver?.error ?? sender?.error ?? session?.error ?? {};
  const { condition, description, message } = reason;
  const words = [operationIn(description ?? '').registrationState?.errorMessage, description, message, condition];
  return words.find((text) => text !== undefined && text !== '') ?? '';
}

interface Reason {
  readonly condition?: string;
  readonly description?: string;
  readonly message?: string;
}

function requestMessage(registrationId: string, operationId: string | undefined): Message {
  const isRegister = operationId === undefined;
  return {
    correlation_id: randomUUID(),
    application_properties: isRegister
      ? { 'iotdps-operation-type': 'iotdps-register' }
      : { 'iotdps-operation-type': 'iotdps-get-operationstatus', 'iotdps-operation-id': operationId },
    body: messages.data_section(Buffer.from(isRegister ? JSON.stringify({ registrationId }) : '')) as unknown,
  };
}

/** Sends a request and takes its answer: a message, or the outcome of its delivery. One at a time. */
function asked(connection: Connection, sender: Sender, request: Message): Promise<Told> {
  return new Promise((resolve) => {
    const settle = (told: Told): void => {
      connection.removeListener('message', answer);
      connection.removeListener('rejected', refusal);
      resolve(told);
    };
    const answer = ({ message }: EventContext): void => {
      if (message?.correlation_id !== request.correlation_id) return;
      const retryAfterS = Number(message?.application_properties?.['retry-after'] ?? RETRY_AFTER_DEFAULT_S);
      const { content } = message?.body as { readonly content: Buffer };
      settle({ outcome: '', operation: operationIn(content.toString()), retryAfterS });
    };
    const refusal = ({ delivery }: EventContext): void => {
      // What the library has decoded has its members from its prototype.
      const error: Reason = (delivery?.remote_state as { readonly error?: Reason } | undefined)?.error ?? {};
      const { condition = '', description = '' } = error;
      settle({ outcome: condition, operation: operationIn(description), retryAfterS: RETRY_AFTER_DEFAULT_S });
    };
    connection.on('message', answer);
    connection.on('rejected', refusal);
    sender.send(request);
  });
}
