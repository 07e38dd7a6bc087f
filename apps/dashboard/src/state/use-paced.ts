import { useEffect, useRef, useState } from 'preact/hooks';
import { Paced } from './paced';

/** `Paced` for as long as the page is there; acts as the last rendering says. */
export function usePaced<Value>(act: (value: Value) => void, everyMs: number): Paced<Value> {
  const latest = useRef(act);
  latest.current = act;
  const [paced] = useState(() => new Paced<Value>((value) => latest.current(value), everyMs));
  useEffect(() => () => paced.cancel(), []);
  return paced;
}
