import { problemOf, unreachable } from './problem';

/** Those that something on these pages takes beyond looking. */
export type Right = 'ServiceConfig' | 'EnrollmentWrite' | 'RegistrationStatusWrite';

export interface Session {
  readonly name: string;
  readonly rights: readonly string[];
  readonly csrfToken: string;
  readonly endsAt: string;
}

type Listener = (session: Session | null) => void;

const listeners = new Set<Listener>();
let current: Session | null = null;
let ending = new AbortController();

export function session(): Session | null {
  return current;
}

/** Whether whoever is signed in has the right, as far as this page knows. */
export function may(right: Right): boolean {
  return current?.rights.includes(right) ?? false;
}

/** Aborts when the session ends. What is asked with it ends with it here, because the service cuts what is still under way. */
export function sessionSignal(): AbortSignal {
  return ending.signal;
}

export function onSession(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function became(next: Session | null): void {
  current = next;
  if (next === null) {
    ending.abort();
    ending = new AbortController();
  }
  for (const listener of listeners) listener(next);
}

/** The session of this browser, if there is one. Error: `Problem` where the service cannot be reached. */
export async function resume(): Promise<Session | null> {
  const response = await fetch('/dashboard/session').catch(() => {
    throw unreachable();
  });
  if (response.status !== 401 && !response.ok) throw await problemOf(response);
  became(response.ok ? ((await response.json()) as Session) : null);
  return current;
}

/** Error: `Problem`, 401 for an unknown token, 429 after too many. */
export async function signIn(token: string): Promise<void> {
  const response = await fetch('/dashboard/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  }).catch(() => {
    throw unreachable();
  });
  if (!response.ok) throw await problemOf(response);
  became((await response.json()) as Session);
}

export async function signOut(): Promise<void> {
  const csrf = current?.csrfToken ?? '';
  became(null);
  await fetch('/dashboard/session', { method: 'DELETE', headers: { 'x-rehome-csrf': csrf } }).catch(() => undefined);
}

/** The service does not know the session any more. */
export function sessionEnded(): void {
  if (current !== null) became(null);
}
