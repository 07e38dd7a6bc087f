import { useEffect, useState } from 'preact/hooks';
import { withQuery } from '../api/client';
import { signIn } from '../api/session';
import { TextField } from '../components/fields';
import { ProblemNotice } from '../components/parts';
import icon from '../icon.svg';
import { useAction } from '../state/use-action';

const refusals: Readonly<Record<string, string>> = {
  provider: 'The identity provider cannot be reached at the moment.',
  account: 'You are known there, but this account may not use Rehome. Ask whoever runs it; the log says what is missing.',
  refused: 'The identity provider did not let you in. Try again; the log says why.',
};

export function SignInPage() {
  const [token, setToken] = useState('');
  const [hasOidc, setHasOidc] = useState(false);
  // This page stands in for the one that was asked for, at its address.
  const asked = window.location.pathname + window.location.search;
  const refusal = refusals[new URLSearchParams(window.location.search).get('sign-in') ?? ''];
  const signing = useAction(async () => {
    await signIn(token.trim());
  });

  useEffect(() => {
    document.title = 'Sign in · Rehome';
    fetch('/dashboard/sign-in')
      .then(async (response) => ((await response.json()) as { oidc: boolean }).oidc)
      .then(setHasOidc, () => undefined);
  }, []);

  return (
    <main class="sign-in">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          signing.run();
        }}
      >
        <span class="brand">
          <img src={icon} alt="" />
          Rehome
        </span>
        <h1>Sign in</h1>
        {refusal === undefined ? null : (
          <div class="notice bad" role="alert">
            {refusal}
          </div>
        )}
        {hasOidc ? (
          <>
            <a class="button primary" href={withQuery('/dashboard/oidc/start', { to: asked })}>
              Sign in with your organisation
            </a>
            <span class="or">or</span>
          </>
        ) : null}
        <TextField
          label="Access token"
          type="password"
          value={token}
          onChange={setToken}
          autoFocus
          hint="The administrator's token is in the file client.env of the data directory."
        />
        {signing.problem?.status === 401 ? (
          <div class="notice bad" role="alert">
            This token is not known here.
          </div>
        ) : (
          <ProblemNotice problem={signing.problem} />
        )}
        <button class={hasOidc ? '' : 'primary'} type="submit" disabled={token.trim() === '' || signing.isRunning}>
          {signing.isRunning ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}
