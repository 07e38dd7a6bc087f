import { send } from './client';
import { sessionSignal, signIn, signOut } from './session';

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

/** Signs in, and gives the signals of what is asked since; nothing of it is ever answered but the session itself. */
async function signedIn(): Promise<(AbortSignal | null | undefined)[]> {
  const asked: (AbortSignal | null | undefined)[] = [];
  globalThis.fetch = (path, { method = 'GET', signal } = {}) => {
    if (path === '/dashboard/session') {
      const open = asked.filter((asking) => asking?.aborted !== true);
      if (method === 'DELETE' && open.length > 0) throw new Error('something is still asked with the session');
      return Promise.resolve(method === 'POST' ? Response.json({ name: 'ann', rights: [], csrfToken: 't' }) : new Response());
    }
    asked.push(signal);
    return new Promise((_, refuse) => {
      signal?.addEventListener('abort', () => refuse(signal.reason as Error));
    });
  };
  await signIn('a token');
  return asked;
}

test('what is asked with a session ends before the service is told of its end, and the next session has its own', async () => {
  const asked = await signedIn();
  const own = new AbortController();
  const calls = [send('GET', '/api/v1/feed', { signal: own.signal }), send('GET', '/api/v1/fleet')];
  const first = sessionSignal();
  await signOut();
  expect(asked.map((asking) => asking?.aborted)).toEqual([true, true]);
  for (const call of calls) await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  expect([first.aborted, own.signal.aborted, sessionSignal().aborted]).toEqual([true, false, false]);
});
