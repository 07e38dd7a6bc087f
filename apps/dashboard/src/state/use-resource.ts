import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Problem, problemIn } from '../api/problem';
import { useAfterWrite } from './use-after-write';

export interface Resource<Value> {
  /** The last answer; stays while a newer one is asked for. */
  readonly value: Value | undefined;
  readonly problem: Problem | undefined;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/**
 * What a page shows of the service. It is read when `key` changes, every `pollMs` while the page is visible, and on `reload`; an answer
 * that comes after the key has changed is thrown away.
 */
export function useResource<Value>(key: string, load: (signal: AbortSignal) => Promise<Value>, pollMs?: number): Resource<Value> {
  const [state, setState] = useState<{ key: string; value?: Value; problem?: Problem; isLoading: boolean }>({
    key,
    isLoading: true,
  });
  const [asked, setAsked] = useState(0);
  const latest = useRef(load);
  latest.current = load;

  useEffect(() => {
    const ending = new AbortController();
    setState((known) => (known.key === key ? { ...known, isLoading: true } : { key, isLoading: true }));
    latest
      .current(ending.signal)
      .then((value) => {
        if (!ending.signal.aborted) setState({ key, value, isLoading: false });
      })
      .catch((error: unknown) => {
        if (ending.signal.aborted) return;
        setState((known) => ({ ...known, key, problem: problemIn(error), isLoading: false }));
      });
    return () => ending.abort();
  }, [key, asked]);

  useEffect(() => {
    if (pollMs === undefined) return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setAsked((count) => count + 1);
    }, pollMs);
    return () => clearInterval(timer);
  }, [pollMs]);

  const reload = useCallback(() => setAsked((count) => count + 1), []);
  useAfterWrite(key, reload);
  const isCurrent = state.key === key;
  return {
    value: isCurrent ? state.value : undefined,
    problem: isCurrent ? state.problem : undefined,
    isLoading: !isCurrent || state.isLoading,
    reload,
  };
}
