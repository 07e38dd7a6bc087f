import { useEffect, useRef, useState } from 'preact/hooks';
import { FeedEvent, FeedFilter, FeedState, follow } from '../api/feed';

/** What changes where a device is or how it stands. */
export const deviceEvents: FeedFilter = {
  types: ['AssignmentStarted', 'DeviceAssigned', 'AssignmentFailed', 'RegistrationDisabled', 'RegistrationDeleted'],
};

/**
 * Calls with each event as it happens while the page is seen, and says whether the stream is there. A page that nobody sees gives its
 * connection back, because a browser has six for all pages of a host; seen again, it begins anew. The filter stays the first one.
 */
export function useFeed(filter: FeedFilter, onEvent: (event: FeedEvent) => void, onBegin: () => void): FeedState {
  const [state, setState] = useState<FeedState>('connecting');
  const first = useRef(filter);
  const latest = useRef({ onEvent, onBegin });
  latest.current = { onEvent, onBegin };
  useEffect(() => {
    let stop: (() => void) | undefined;
    const seen = (): void => {
      stop?.();
      stop = undefined;
      if (document.visibilityState !== 'visible') return;
      stop = follow(first.current, {
        onBegin: () => latest.current.onBegin(),
        onEvent: (event) => latest.current.onEvent(event),
        onState: setState,
      });
    };
    seen();
    document.addEventListener('visibilitychange', seen);
    return () => {
      document.removeEventListener('visibilitychange', seen);
      stop?.();
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
