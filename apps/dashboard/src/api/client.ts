import { Problem, problemOf, unreachable } from './problem';
import { resume, session, sessionEnded, sessionSignal } from './session';

export interface CallOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

let lastWrite: { readonly atMs: number; readonly position: string | undefined } | undefined;

export function msSinceWrite(): number {
  return lastWrite === undefined ? Infinity : Date.now() - lastWrite.atMs;
}

/** Where the log stood after this page's last write, if the answer said so: as `atLeast`, reads then see that write. */
export function lastWritten(): string | undefined {
  return lastWrite?.position;
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | null | undefined>>;

/** A path with its query; what is empty is left out. */
export function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    if (typeof value === 'object') for (const each of value) parameters.append(name, each);
    else parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** A call with the session of this page. Error: `Problem`. */
export async function send(method: string, path: string, { body, headers, signal }: CallOptions = {}): Promise<Response> {
  const known = session();
  const ending = signal === undefined ? sessionSignal() : AbortSignal.any([signal, sessionSignal()]);
  const response = await fetch(path, {
    method,
    headers: {
      ...(known === null ? {} : { 'x-rehome-csrf': known.csrfToken }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: ending,
  }).catch((error: unknown) => {
    if (ending.aborted) throw error;
    throw unreachable();
  });
  if (response.ok && method !== 'GET' && !path.includes('/preview')) {
    lastWrite = { atMs: Date.now(), position: response.headers.get('x-rehome-position') ?? lastWrite?.position };
  }
  if (response.ok) return response;
  if (response.status === 401) sessionEnded();
  // The rights have changed since this page was loaded; with those of now it shows what may be done.
  if (response.status === 403) await resume().catch(() => undefined);
  throw await problemOf(response);
}

export async function call<Answer>(method: string, path: string, options?: CallOptions): Promise<Answer> {
  const response = await send(method, path, options);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

/** `path` without `/api/v1`. */
export function read<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return call<Answer>('GET', `/api/v1${path}`, { signal });
}

export function write<Answer>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
  return call<Answer>(method, `/api/v1${path}`, body === undefined ? {} : { body });
}

/** As `read`, but what does not exist is null. */
export async function readIfAny<Answer>(path: string, signal?: AbortSignal): Promise<Answer | null> {
  try {
    return await read<Answer>(path, signal);
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

/** The lines of an NDJSON answer, as they come. */
export async function* lines(response: Response): AsyncGenerator<string, void, undefined> {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const parts = (rest + value).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
  if (rest !== '') yield rest;
}
