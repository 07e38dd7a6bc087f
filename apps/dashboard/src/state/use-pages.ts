import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { read, withQuery } from '../api/client';
import type { Query } from '../api/client';
import { Problem, problemIn } from '../api/problem';
import type { Page } from '../api/types';
import { useAfterWrite } from './use-after-write';

interface State<Item> {
  readonly items: readonly Item[];
  /** Undefined before the first page, null behind the last one. */
  readonly cursor: string | null | undefined;
  readonly problem: Problem | undefined;
  readonly isLoading: boolean;
}

export interface Pages<Item> extends State<Item> {
  /** Asks for the next page, unless one is under way or there is none. */
  readonly more: () => void;
  readonly reload: () => void;
}

/** A list of the service, page after page, as far as somebody wants to see it. */
export function usePages<Item>(path: string, query: Query, limit: number): Pages<Item> {
  const key = withQuery(path, { ...query, limit });
  const empty: State<Item> = { items: [], cursor: undefined, problem: undefined, isLoading: true };
  const [state, setState] = useState<State<Item> & { key: string }>({ ...empty, key });
  const asking = useRef<AbortController | undefined>(undefined);
  const shown = state.key === key ? state : { ...empty, key };

  const ask = useCallback(
    (known: readonly Item[], cursor: string | undefined, meanwhile: readonly Item[] = known) => {
      asking.current?.abort();
      const ending = new AbortController();
      asking.current = ending;
      setState({ key, items: meanwhile, cursor, problem: undefined, isLoading: true });
      read<Page<Item>>(cursor === undefined ? key : `${key}&cursor=${cursor}`, ending.signal).then(
        ({ items, nextCursor }) => {
          if (ending.signal.aborted) return;
          setState({ key, items: [...known, ...items], cursor: nextCursor, problem: undefined, isLoading: false });
        },
        (error: unknown) => {
          if (ending.signal.aborted) return;
          setState({ key, items: known, cursor, problem: problemIn(error), isLoading: false });
        },
      );
    },
    [key],
  );

  useEffect(() => {
    ask([], undefined);
    return () => asking.current?.abort();
  }, [ask]);

  const { items, cursor, problem, isLoading } = shown;
  useAfterWrite(key, () => ask([], undefined, items));
  return {
    items,
    cursor,
    problem,
    isLoading,
    more: () => {
      if (!isLoading && problem === undefined && typeof cursor === 'string') ask(items, cursor);
    },
    // What is shown stays until the new first page is there.
    reload: () => ask([], undefined, items),
  };
}
