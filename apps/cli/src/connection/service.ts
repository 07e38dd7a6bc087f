import { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, RequestOptions, request } from 'node:https';
import { CommandFailed, exitCode } from '../exit-codes';
import { lookup } from './loopback';
import { refusal } from './problem-message';
import { serviceToken } from './sas';
import { ConnectionSettings } from './settings';
import { unreachable } from './unreachable';

export const SERVICE_API_VERSION = '2021-10-01';

/** A call that says nothing for this long has failed; the longest wait of the service itself is shorter. */
const SILENCE_TIMEOUT_MS = 60_000;
const SOCKETS_MAX = 32;
const ANSWER_CHARACTERS_MAX = 64 * 1024 * 1024;

export interface Call {
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

export type QueryValue = string | number | boolean | readonly string[] | undefined;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** The service over HTTPS, as whoever the settings say. Errors of all calls: `CommandFailed`. */
export class Service {
  private readonly agent: Agent;

  constructor(
    readonly settings: ConnectionSettings,
    private readonly signal: AbortSignal,
  ) {
    const { ca } = settings;
    this.agent = new Agent({ lookup, keepAlive: true, maxSockets: SOCKETS_MAX, ...(ca === undefined ? {} : { ca: [...ca] }) });
  }

  /** A route of /api/v1; the answer's body as JSON, undefined where there is none. */
  async manage(method: string, path: string, call: Call = {}): Promise<unknown> {
    return json(await this.send(method, `/api/v1${path}`, call));
  }

  /** A route of the service API that other tools know as well. */
  async service(method: string, path: string, call: Call = {}): Promise<unknown> {
    return json(await this.send(method, path, { ...call, query: { ...call.query, 'api-version': SERVICE_API_VERSION } }));
  }

  /** All items of a paged list, up to `itemsMax`. */
  async list(path: string, query: Readonly<Record<string, QueryValue>>, itemsMax: number): Promise<unknown[]> {
    const items: unknown[] = [];
    let cursor: string | undefined;
    do {
      const limit = Math.min(itemsMax - items.length, PAGE_ITEMS_MAX);
      const page = (await this.manage('GET', path, { query: { ...query, limit, cursor } })) as Page;
      items.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined && items.length < itemsMax);
    return items.slice(0, itemsMax);
  }

  async send(method: string, path: string, call: Call = {}): Promise<Answer> {
    const response = await this.open(method, path, call);
    let text = '';
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      text += chunk;
      if (text.length > ANSWER_CHARACTERS_MAX) throw new CommandFailed('the answer is too long', exitCode.refused);
    }
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  }

  /** The lines of a streamed answer. */
  async *lines(method: string, path: string, call: Call = {}): AsyncGenerator<string> {
    yield* linesOf(await this.open(method, `/api/v1${path}`, call));
  }

  /** Resolves with a successful answer whose body is still to come. */
  async open(method: string, path: string, { query = {}, body, headers = {} }: Call): Promise<IncomingMessage> {
    const { host, port } = this.settings;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const length = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const options: RequestOptions = {
      host,
      port,
      method,
      path: `${path}${queryText(query)}`,
      agent: this.agent,
      signal: this.signal,
      timeout: SILENCE_TIMEOUT_MS,
      headers: { authorization: this.authorization(), ...length, ...defined(headers) },
    };
    const response = await sent(options, text);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw refusal(status, await textOf(response));
  }

  close(): void {
    this.agent.destroy();
  }

  private authorization(): string {
    const { token, connectionString = '' } = this.settings;
    return token === undefined ? serviceToken(connectionString) : `Bearer ${token}`;
  }
}

const PAGE_ITEMS_MAX = 1_000;

interface Page {
  readonly items: readonly unknown[];
  readonly nextCursor?: string | null;
}

function json({ text }: Answer): unknown {
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}

/** Resolves with the head of the answer; an error is told in words. */
function sent(options: RequestOptions, text: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request(options, resolve);
    call.once('timeout', () => call.destroy(new Error(`no answer for ${SILENCE_TIMEOUT_MS / 1_000} s`)));
    call.once('error', (error: NodeJS.ErrnoException) => reject(notSent(options, error)));
    call.end(text);
  });
}

function notSent({ host, port }: RequestOptions, error: NodeJS.ErrnoException): CommandFailed {
  const message = error.name === 'AbortError' ? 'interrupted' : unreachable(`https://${host ?? ''}:${port ?? ''}`, error);
  return new CommandFailed(message, exitCode.refused);
}

/** A stream that cannot go on is cut, so that one which ends as it should is whole. */
export async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines.filter((line) => line !== '');
    }
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw cutOff();
  }
  if (rest !== '') yield rest;
}

const cutOff = (): CommandFailed => new CommandFailed('the service has cut the answer off', exitCode.refused);

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  return text;
}

function queryText(query: Readonly<Record<string, QueryValue>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? (value as readonly string[]) : [value]) parameters.append(name, String(each));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

function defined(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
