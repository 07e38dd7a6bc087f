import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

/** Largest answer read from a hub: a twin has at most 8 + 32 + 32 KB of values, and metadata about as large as these. */
const ANSWER_BYTES_MAX = 1_048_576;

export interface HubRequest {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';
  /** Path and query, encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** No whole answer came. `sent`: whether the request may have reached the hub, so that it may have had its effect. */
export class ExchangeFailed extends Error {
  constructor(
    readonly sent: boolean,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ExchangeFailed';
  }
}

/**
 * One request and its answer, at most `timeoutMs` from now, the wait for a free connection included. Works on undici's handlers:
 * its `request()` builds a stream and an abort signal for each call: 39 µs of CPU instead of 25. Errors: `ExchangeFailed`.
 */
export function exchange(dispatcher: Dispatcher, request: HubRequest, timeoutMs: number): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { method, path, headers, body } = request;
    dispatcher.dispatch({ method, path, headers, body: body ?? null }, new ExchangeHandler(resolve, reject, timeoutMs));
  });
}

class ExchangeHandler implements Dispatcher.DispatchHandler {
  private readonly timer: NodeJS.Timeout;
  private controller: Dispatcher.DispatchController | undefined;
  private status = 0;
  private headers: IncomingHttpHeaders = {};
  private readonly chunks: Buffer[] = [];
  private bytes = 0;
  private settled = false;

  constructor(
    private readonly resolve: (answer: RawAnswer) => void,
    private readonly reject: (error: ExchangeFailed) => void,
    timeoutMs: number,
  ) {
    this.timer = setTimeout(() => this.fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.settled) controller.abort(new Error('the request was given up before it was sent'));
    else this.controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.status = status;
    this.headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes > ANSWER_BYTES_MAX) this.fail(new Error(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`));
    else this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (!this.settle()) return;
    const [only] = this.chunks;
    const whole = only !== undefined && this.chunks.length === 1 ? only : Buffer.concat(this.chunks);
    this.resolve({ status: this.status, headers: this.headers, text: whole.toString('utf8') });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
  }

  private fail(cause: Error): void {
    if (!this.settle()) return;
    this.reject(new ExchangeFailed(this.controller !== undefined, cause.message, { cause }));
    this.controller?.abort(cause);
  }

  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    clearTimeout(this.timer);
    return true;
  }
}
