import { Conversation, Told, operationIn, register } from './registration';

/** A conversation in which the service says these things, one after the other; the last again and again. */
class Saying implements Conversation {
  readonly asked: (string | undefined)[] = [];
  closed = 0;

  constructor(private readonly says: readonly (Told | Promise<Told>)[]) {}

  send(operationId: string | undefined): Promise<Told> {
    const said = this.says[Math.min(this.asked.length, this.says.length - 1)];
    this.asked.push(operationId);
    return Promise.resolve(said as Told);
  }

  close(): void {
    this.closed++;
  }
}

const told = (operation: object, outcome = '200'): Told => ({
  outcome,
  retryAfterS: 0,
  operation: operationIn(JSON.stringify(operation)),
});
const assigning = told({ operationId: '5.1', status: 'assigning' }, '202');
const assigned = told({ status: 'assigned', registrationState: { assignedHub: 'hub-a', deviceId: 'pump' } });
const never = new AbortController().signal;

test('a device asks for its operation until it is told its hub, and hangs up', async () => {
  const conversation = new Saying([assigning, assigning, assigned]);
  expect(await register(() => Promise.resolve(conversation), never)).toEqual({ hub: 'hub-a', deviceId: 'pump' });
  expect(conversation.asked).toEqual([undefined, '5.1', '5.1']);
  expect(conversation.closed).toBe(1);
});

test('a device that is never told gives up', async () => {
  const conversation = new Saying([assigning]);
  await expect(register(() => Promise.resolve(conversation), never)).rejects.toThrow('the service answered 202 assigning');
  expect(conversation.asked.length).toBeLessThan(100);
  expect(conversation.closed).toBe(1);
});

test.each([
  ['an error document', told({ errorCode: 401002, message: 'Unauthorized' }, '401'), '401002 Unauthorized'],
  [
    'an operation that failed',
    told({ status: 'failed', registrationState: { errorCode: 400208, errorMessage: 'no hub' } }),
    '400208 no hub',
  ],
  ['a disabled enrollment', told({ status: 'disabled' }), 'the service answered 200 disabled'],
  ['a page of a proxy', { outcome: '502', retryAfterS: 0, operation: operationIn('<html>') }, 'the service answered 502'],
])('%s is told in words', async (_, answer, words) => {
  await expect(register(() => Promise.resolve(new Saying([answer])), never)).rejects.toThrow(new Error(words));
});

describe('what is ended', () => {
  test('does not wait for an answer, and hangs up', async () => {
    const ending = new AbortController();
    const conversation = new Saying([new Promise<Told>(() => undefined)]);
    const registration = register(() => Promise.resolve(conversation), ending.signal);
    setImmediate(() => ending.abort());
    await expect(registration).rejects.toThrow('aborted');
    expect(conversation.closed).toBe(1);
  });

  test('hangs up a connection that comes late', async () => {
    const ending = new AbortController();
    const conversation = new Saying([assigned]);
    let connect: ((late: Conversation) => void) | undefined;
    const registration = register(() => new Promise((resolve) => (connect = resolve)), ending.signal);
    ending.abort();
    await expect(registration).rejects.toThrow('aborted');
    connect?.(conversation);
    await new Promise(setImmediate);
    expect(conversation).toMatchObject({ asked: [], closed: 1 });
  });
});
