import { IncomingMessage } from 'node:http';
import { EventStore } from '@app/event-sourcing';

/** What the SDK client makes of a refusal. */
export interface Refusal {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly errorCode: number;
  readonly trackingId: string;
}

/** The error of a call that must fail; its body must be the documented one, with headers that agree with it. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown as Error & { response: IncomingMessage; responseBody: string },
  );
  if (error === undefined) throw new Error('the call was not refused');
  const body = JSON.parse(error.responseBody) as Record<string, unknown>;
  const { headers, statusCode } = error.response;
  expect(body).toEqual({
    errorCode: Number(headers['x-ms-error-code']),
    trackingId: headers['x-ms-request-id'],
    message: expect.any(String) as string,
    timestampUtc: expect.stringMatching(/^\d{4}-.*Z$/) as string,
  });
  const { errorCode, trackingId } = body as { errorCode: number; trackingId: string };
  expect(Math.floor(errorCode / 1000)).toBe(statusCode);
  return { name: error.name, message: error.message, status: statusCode, errorCode, trackingId };
}

/** Everything that is in the store, as text. */
export async function storedText(store: EventStore): Promise<string> {
  const stop = new AbortController();
  const texts: string[] = [];
  for await (const { events, caughtUp } of store.subscribeToAll({ from: 'start', signal: stop.signal })) {
    for (const { data, metadata, stream } of events) texts.push(JSON.stringify({ data, metadata, stream }));
    if (caughtUp) break;
  }
  stop.abort();
  return texts.join('\n');
}
