import { useState } from 'preact/hooks';
import { lines, send } from '../../api/client';
import { Problem } from '../../api/problem';
import { Bar, Card, ProblemNotice } from '../../components/parts';
import { useAction } from '../../state/use-action';
import { number } from '../../state/words';

interface Verdict {
  readonly intact: boolean;
  readonly events: number;
  readonly streams: number;
  readonly roots: number;
  readonly firstBreak: { readonly position: string; readonly stream: string; readonly reason: string } | null;
}

type Line =
  | { readonly kind: 'progress'; readonly events: number; readonly fraction: number }
  | ({ readonly kind: 'verdict' } & Verdict)
  | { readonly kind: 'error'; readonly detail: string };

const logs = [
  { id: 'provisioning', title: 'this service' },
  { id: 'hubs', title: 'the reference hubs' },
] as const;

/** Whether anybody but the service has changed the log: every hash is computed again. */
export function VerifyCard() {
  const [progress, setProgress] = useState<{ events: number; fraction: number }>();
  const [verdict, setVerdict] = useState<Verdict>();
  const verifying = useAction(async (log: string) => {
    setVerdict(undefined);
    setProgress({ events: 0, fraction: 0 });
    const response = await send('POST', '/api/v1/audit/verify', { body: { log } });
    for await (const text of lines(response)) {
      const line = JSON.parse(text) as Line;
      if (line.kind === 'progress') setProgress(line);
      else if (line.kind === 'verdict') setVerdict(line);
      else throw new Problem(0, 'It could not be finished', line.detail);
    }
  });
  return (
    <Card title="Verify">
      <div class="stack">
        <p class="hint">Computes every hash again and compares it with the chain and the signed roots.</p>
        <div class="row">
          {logs.map(({ id, title }) => (
            <button key={id} type="button" disabled={verifying.isRunning} onClick={() => verifying.run(id)}>
              Verify the log of {title}
            </button>
          ))}
        </div>
        {verifying.isRunning && progress !== undefined ? (
          <div role="status">
            <Bar share={progress.fraction} />
            <span class="hint">{number(progress.events)} events looked at</span>
          </div>
        ) : null}
        {verdict === undefined ? null : <VerdictNotice verdict={verdict} />}
        <ProblemNotice problem={verifying.problem} />
      </div>
    </Card>
  );
}

function VerdictNotice({ verdict }: { readonly verdict: Verdict }) {
  const { intact, events, streams, roots, firstBreak } = verdict;
  return (
    <div class={`notice ${intact ? 'good' : 'bad'}`} role="status" data-verdict={intact ? 'intact' : 'broken'}>
      <strong>{intact ? 'Intact: nobody has changed anything.' : 'Not as it was written.'}</strong>
      <span>
        {number(events)} events, {number(streams)} streams, {number(roots)} signed roots.
      </span>
      {firstBreak === null ? null : (
        <span>
          First break at position {firstBreak.position} in {firstBreak.stream}: {firstBreak.reason}
        </span>
      )}
    </div>
  );
}
