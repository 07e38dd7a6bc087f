import { useEffect, useRef, useState } from 'preact/hooks';
import { FeedEvent, FeedFilter, FeedState, follow } from '../api/feed';

/** What changes where a device is or how it stands. */
export const deviceEvents: FeedFilter = {
  types: ['AssignmentStarted', 'DeviceAssigned', 'AssignmentFailed', 'RegistrationDisabled', 'RegistrationDeleted'],
};

/** Calls with each event as it happens while the page is shown, and says whether the stream is there. The filter stays the first one. */
export function useFeed(filter: FeedFilter, onEvent: (event: FeedEvent) => void): FeedState {
  const [state, setState] = useState<FeedState>('connecting');
  const first = useRef(filter);
  const latest = useRef(onEvent);
  latest.current = onEvent;
  useEffect(() => follow(first.current, (event) => latest.current(event), setState), []);
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
