import { useEffect, useState } from 'preact/hooks';
import { call } from '../../api/client';
import { JsonObject, textIn } from '../../api/types';
import { Card, ProblemNotice } from '../../components/parts';
import { useAction } from '../../state/use-action';
import { Kind, member } from './enrollment-form';
import { serviceAddress } from './service-address';

/** Keys do not stay on a screen that somebody walks away from. */
const SHOWN_MS = 60_000;

interface Keys {
  readonly primaryKey: string;
  readonly secondaryKey: string;
}

/** Keys are asked for only when somebody wants to see them. */
export function KeysCard({ kind, id }: { readonly kind: Kind; readonly id: string }) {
  const [keys, setKeys] = useState<Keys>();
  const showing = useAction(async () => {
    const mechanism = await call<JsonObject>('POST', serviceAddress(kind, id, '/attestationmechanism'));
    const { primaryKey, secondaryKey } = member(mechanism, 'symmetricKey');
    setKeys({ primaryKey: textIn(primaryKey), secondaryKey: textIn(secondaryKey) });
  });
  useEffect(() => {
    if (keys === undefined) return undefined;
    const timer = setTimeout(() => setKeys(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [keys]);

  return (
    <Card title="Keys">
      {keys === undefined ? (
        <div class="row">
          <button type="button" disabled={showing.isRunning} onClick={() => showing.run()}>
            Show the keys
          </button>
          <span class="hint">For a minute.</span>
        </div>
      ) : (
        <>
          <dl class="facts">
            <dt>Primary</dt>
            <dd class="mono" data-key="primary">
              {keys.primaryKey}
            </dd>
            <dt>Secondary</dt>
            <dd class="mono">{keys.secondaryKey}</dd>
          </dl>
          <button type="button" class="plain" onClick={() => setKeys(undefined)}>
            Hide
          </button>
        </>
      )}
      <ProblemNotice problem={showing.problem} />
    </Card>
  );
}
