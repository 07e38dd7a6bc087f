import { useEffect, useRef, useState } from 'preact/hooks';
import { FeedEvent, FeedState, listen, onFeedState } from '../api/feed';

/** Calls with each event as it happens while the page is shown, and says whether the stream is there. */
export function useFeed(onEvent: (event: FeedEvent) => void): FeedState {
  const [state, setState] = useState<FeedState>('connecting');
  const latest = useRef(onEvent);
  latest.current = onEvent;
  useEffect(() => {
    const stopState = onFeedState(setState);
    const stop = listen((event) => latest.current(event));
    return () => {
      stop();
      stopState();
    };
  }, []);
  return state;
}

/** Many events in a row become one call a little later, so that a busy fleet does not make a page ask without end. */
export function useSettled(act: () => void, afterMs: number): () => void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => () => clearTimeout(timer.current), []);
  return () => {
    if (timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      latest.current();
    }, afterMs);
  };
}
