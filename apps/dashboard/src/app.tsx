import { useEffect, useState } from 'preact/hooks';
import { Problem, problemIn } from './api/problem';
import { Session, onSession, resume, session } from './api/session';
import { ProblemNotice } from './components/parts';
import { Shell } from './components/shell';
import { SignInPage } from './pages/sign-in';

const RETRY_MS = 3_000;

/** The sign-in page, or the shell for whoever is signed in. */
export function App() {
  const [known, setKnown] = useState<Session | null | undefined>(session() ?? undefined);
  const [problem, setProblem] = useState<Problem>();

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onSession(setKnown);
    const begin = (): void => {
      resume().then(
        () => setProblem(undefined),
        (error: unknown) => {
          setProblem(problemIn(error));
          timer = setTimeout(begin, RETRY_MS);
        },
      );
    };
    begin();
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);

  if (known === undefined) {
    return (
      <main class="sign-in">
        <ProblemNotice problem={problem} />
      </main>
    );
  }
  return known === null ? <SignInPage /> : <Shell session={known} />;
}
