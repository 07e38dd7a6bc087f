import { useState } from 'preact/hooks';
import { Problem, problemIn } from '../api/problem';

export interface Action<Arguments extends unknown[]> {
  readonly isRunning: boolean;
  readonly problem: Problem | undefined;
  readonly run: (...args: Arguments) => void;
}

/** Something a person starts once and waits for; further starts meanwhile do nothing. */
export function useAction<Arguments extends unknown[]>(act: (...args: Arguments) => Promise<void>): Action<Arguments> {
  const [state, setState] = useState<{ isRunning: boolean; problem?: Problem }>({ isRunning: false });
  return {
    isRunning: state.isRunning,
    problem: state.problem,
    run: (...args) => {
      if (state.isRunning) return;
      setState({ isRunning: true });
      act(...args).then(
        () => setState({ isRunning: false }),
        (error: unknown) => setState({ isRunning: false, problem: problemIn(error) }),
      );
    },
  };
}
