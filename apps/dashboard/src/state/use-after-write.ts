import { useEffect, useRef } from 'preact/hooks';
import { msSinceWrite } from '../api/client';

/** Read models take what was written some milliseconds later; a busy service needs longer, so it is read twice more. */
const AGAIN_AFTER_MS = [300, 2_000];
const RECENT_MS = 2_000;

/** Reads again where this page has just written something, so that nobody looks at a list without their own change. */
export function useAfterWrite(key: string, reload: () => void): void {
  const latest = useRef(reload);
  latest.current = reload;
  useEffect(() => {
    if (msSinceWrite() > RECENT_MS) return undefined;
    const timers = AGAIN_AFTER_MS.map((afterMs) => setTimeout(() => latest.current(), afterMs));
    return () => timers.forEach(clearTimeout);
  }, [key]);
}
