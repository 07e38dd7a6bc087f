import { AddressInfo, Server, createServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Connection, ConnectionOptions, EventContext, Message, Sender, create_container, message as messages } from 'rhea';
import type { DeviceAnswer, DeviceCaller, DeviceService } from '../device-service';
import { AmqpServer, AmqpServerLimits } from './amqp-server';

const ADDRESS = '0ne00000001/registrations/pump-1';
const assigned = { status: 202, retryAfterS: undefined, body: { operationId: '5.1', status: 'assigned', registrationState: {} } };

/** The service behind the edge: remembers who called and answers what it is told to. */
class Answering implements DeviceService {
  readonly calls: { readonly method: string; readonly caller: DeviceCaller; readonly argument: unknown }[] = [];
  answer: DeviceAnswer = assigned;
  refused: DeviceAnswer | undefined;

  refusal(caller: DeviceCaller): Promise<DeviceAnswer | undefined> {
    this.calls.push({ method: 'refusal', caller, argument: undefined });
    return Promise.resolve(this.refused);
  }
  register = (caller: DeviceCaller, argument: unknown) => this.called('register', caller, argument);
  operation = (caller: DeviceCaller, argument: string) => this.called('operation', caller, argument);
  lookUp = (caller: DeviceCaller, argument: unknown) => this.called('lookUp', caller, argument);
  malformed = (_caller: DeviceCaller, message: string): DeviceAnswer => ({
    status: 400,
    retryAfterS: undefined,
    body: { errorCode: 400004, message },
  });

  private called(method: string, caller: DeviceCaller, argument: unknown): Promise<DeviceAnswer> {
    this.calls.push({ method, caller, argument });
    return Promise.resolve(this.answer);
  }
}

let service: Answering;
let refusals: string[];
let server: AmqpServer;
let listener: Server;
let clients: Connection[];

async function start(limits: Partial<AmqpServerLimits> = {}): Promise<void> {
  service = new Answering();
  refusals = [];
  clients = [];
  const refused = ({ reason, detail }: { reason: string; detail?: string }): void =>
    void refusals.push(`${reason}: ${detail ?? ''}`);
  server = new AmqpServer({ service, metrics: { count: () => undefined, refused }, limits });
  listener = createServer((socket) => server.handle({ stream: socket, socket: socket as TLSSocket, remoteAddress: '192.0.2.1' }));
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
}

afterEach(async () => {
  for (const client of clients) client.close();
  await server.close();
  await new Promise((resolve) => listener.close(resolve));
});

const port = (): number => (listener.address() as AddressInfo).port;

function connect(options: Partial<ConnectionOptions> = {}): Connection {
  const client = create_container().connect({
    ...{ host: '127.0.0.1', port: port(), reconnect: false, username: ADDRESS, password: 'SharedAccessSignature sr=x' },
    ...(options as object),
  });
  clients.push(client);
  for (const event of ['connection_error', 'disconnected', 'error', 'receiver_error', 'sender_error'])
    client.on(event, () => undefined);
  return client;
}

const next = <Value = EventContext>(emitter: Connection | Sender, event: string): Promise<Value> =>
  new Promise((resolve) => emitter.once(event, resolve));

/** Links as the SDKs open them; gives the sending one when it has credit. */
async function links(client: Connection, address = ADDRESS): Promise<Sender> {
  const properties = { 'com.microsoft:api-version': '2019-03-31', 'com.microsoft:client-version': 'test/1' };
  client.open_receiver({ source: address, properties });
  const sender = client.open_sender({ target: address, properties });
  await next(sender, 'sendable');
  return sender;
}

const register = (overrides: Partial<Message> = {}): Message => ({
  correlation_id: 'request-1',
  application_properties: { 'iotdps-operation-type': 'iotdps-register', 'iotdps-forceRegistration': false },
  body: messages.data_section(Buffer.from('{"registrationId":"pump-1"}')) as unknown,
  ...overrides,
});

describe('a device', () => {
  beforeEach(() => start());

  test('is let in by its token, registers, and has the answer with its correlation id in a data section', async () => {
    service.answer = { ...assigned, retryAfterS: 3 };
    const client = connect();
    const sender = await links(client);
    const answered = next(client, 'message');
    sender.send(register());
    const { message } = await answered;
    expect(message?.correlation_id).toBe('request-1');
    expect(message?.application_properties).toEqual({
      'iotdps-status': 'assigned',
      'iotdps-operation-id': '5.1',
      'retry-after': '3',
    });
    const { content, typecode } = message?.body as { content: Buffer; typecode: number };
    expect({ typecode, body: JSON.parse(content.toString()) as unknown }).toEqual({ typecode: 0x75, body: assigned.body });
    const named = { idScope: '0ne00000001', registrationId: 'pump-1', authorization: 'SharedAccessSignature sr=x' };
    expect(service.calls).toMatchObject([
      { method: 'refusal', caller: { ...named, transport: 'amqp' } },
      {
        method: 'register',
        caller: { ...named, apiVersion: '2019-03-31', clientVersion: 'test/1' },
        argument: { registrationId: 'pump-1' },
      },
    ]);
  });

  test('polls with an empty body, and looks its registration up', async () => {
    const client = connect();
    const sender = await links(client);
    for (const [type, method] of [
      ['iotdps-get-operationstatus', 'operation'],
      ['iotdps-get-registration', 'lookUp'],
    ] as const) {
      const answered = next(client, 'message');
      sender.send(
        register({ body: '', application_properties: { 'iotdps-operation-type': type, 'iotdps-operation-id': '5.1' } }),
      );
      await answered;
      expect(service.calls.at(-1)).toMatchObject({
        method,
        argument: method === 'operation' ? '5.1' : { registrationId: 'pump-1' },
      });
    }
  });

  test('without body and correlation id, as Java sends it, is the device of its links', async () => {
    const client = connect();
    const sender = await links(client, `/${ADDRESS}`);
    const answered = next(client, 'message');
    sender.send({ application_properties: { 'iotdps-operation-type': 'iotdps-register' }, body: undefined });
    expect((await answered).message).not.toHaveProperty('correlation_id');
    expect(service.calls.at(-1)).toMatchObject({ method: 'register', argument: { registrationId: 'pump-1' } });
  });

  test.each([
    ['a uuid', Buffer.from('00112233445566778899aabbccddeeff', 'hex')],
    ['a number', 7],
  ])('has %s as correlation id echoed', async (_name, id) => {
    const client = connect();
    const sender = await links(client, `amqps://dps.example/${ADDRESS}`);
    const answered = next(client, 'message');
    sender.send(register({ correlation_id: id as unknown as string }));
    expect((await answered).message?.correlation_id).toEqual(id);
  });

  test.each([
    [404, 'amqp:not-found'],
    [401, 'amqp:unauthorized-access'],
    [400, 'com.microsoft:argument-error'],
    [500, 'amqp:internal-error'],
    [429, 'com.microsoft:device-container-throttled'],
  ])('has a request with error %d rejected as %s', async (status, condition) => {
    service.answer = { status, retryAfterS: status >= 429 ? 5 : undefined, body: { errorCode: status * 1000, message: 'no' } };
    const sender = await links(connect());
    const rejected = next(sender, 'rejected');
    sender.send(register());
    const { error } = (await rejected).delivery?.remote_state as {
      error: { condition: string; description: string; info: object };
    };
    expect(error.condition).toBe(condition);
    expect(JSON.parse(error.description)).toEqual(service.answer.body);
    expect(error.info).toEqual(status >= 429 ? { 'retry-after': '5' } : {});
  });

  test.each([
    ['of no known type', register({ application_properties: { 'iotdps-operation-type': 'iotdps-other' } })],
    ['without properties', register({ application_properties: {} })],
    ['that is no JSON', register({ body: messages.data_section(Buffer.from('{')) as unknown })],
    ['with a list as body', register({ body: messages.sequence_section([1]) as unknown })],
  ])('has a request %s rejected', async (_name, request) => {
    const sender = await links(connect());
    const rejected = next(sender, 'rejected');
    sender.send(request);
    const { error } = (await rejected).delivery?.remote_state as { error: { condition: string } };
    expect(error.condition).toBe('com.microsoft:argument-error');
  });

  test('may not speak for another device, nor of anything else', async () => {
    const client = connect();
    for (const [address, condition] of [
      ['0ne00000001/registrations/other', 'amqp:unauthorized-access'],
      ['devices/pump-1', 'amqp:not-found'],
    ] as const) {
      const sender = client.open_sender({ target: address });
      await next(sender, 'sender_error');
      expect((sender.error as { condition: string }).condition).toBe(condition);
    }
    const receiver = client.open_receiver({ source: '0ne00000001/registrations/other' });
    await next(receiver as unknown as Connection, 'receiver_error');
    expect((receiver.error as { condition: string }).condition).toBe('amqp:unauthorized-access');
  });

  test.each([
    [401, 'amqp:unauthorized-access', 'credentials'],
    [503, 'amqp:internal-error', 'unavailable'],
  ])('whose credentials are answered with %d is not let in', async (status, condition, reason) => {
    service.refused = { status, retryAfterS: undefined, body: {} };
    const { error } = await next(connect(), 'connection_error');
    expect((error as { condition?: string }).condition).toBe(condition);
    expect(refusals).toEqual([expect.stringMatching(reason)]);
  });

  test('without a token needs a certificate', async () => {
    const { error } = await next(connect({ username: 'anyone', password: undefined }), 'connection_error');
    expect((error as { condition?: string }).condition).toBe('amqp:unauthorized-access');
    expect(refusals).toEqual(['no-credentials: neither a token nor a certificate']);
  });

  test('that closes its connection has that confirmed', async () => {
    const client = connect();
    await links(client);
    const closed = next(client, 'connection_close');
    client.close();
    expect((await closed).error).toBeUndefined();
  });

  test('is told goodbye when the service stops', async () => {
    const client = connect();
    await next(client, 'connection_open');
    const closed = next(client, 'connection_error');
    await server.close();
    expect(((await closed).error as { condition?: string }).condition).toBe('amqp:connection:forced');
  });
});
