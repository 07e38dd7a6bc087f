import { useState } from 'preact/hooks';
import type { Preview } from '../../api/types';
import { Badge, Card, Shown } from '../../components/parts';
import { useResource } from '../../state/use-resource';

interface PreviewCardProps {
  readonly id: string;
  readonly changes: number;
  readonly load: (id: string, signal: AbortSignal) => Promise<Preview>;
}

/** What would happen if the device registered now; nothing is stored by asking. */
export function PreviewCard({ id, changes, load }: PreviewCardProps) {
  const [asked, setAsked] = useState(0);
  const preview = useResource(`${id} preview ${changes} ${asked}`, (signal) => load(id, signal));
  return (
    <Card title="If it registered now">
      <div class="stack">
        <Shown of={preview}>{(known) => <Outcome preview={known} />}</Shown>
        <div>
          <button type="button" onClick={() => setAsked(asked + 1)}>
            Ask again
          </button>
        </div>
      </div>
    </Card>
  );
}

function Outcome({ preview }: { readonly preview: Preview }) {
  const { rules } = preview;
  return (
    <>
      <p data-preview>
        <strong>{sentence(preview)}</strong>
      </p>
      <dl class="facts">
        {rules.map(({ rule, outcome }) => (
          <>
            <dt key={`${rule} rule`}>{rule}</dt>
            <dd key={`${rule} outcome`}>{outcome}</dd>
          </>
        ))}
      </dl>
      {preview.error === null ? null : <Badge tone="bad">{preview.error.message}</Badge>}
    </>
  );
}

function sentence({ outcome, action, hub, previousHub }: Preview): string {
  if (outcome === 'refuse') return 'It would be refused: its enrollment is disabled.';
  if (outcome === 'fail') return 'It would fail: no hub can take it.';
  if (outcome === 'join') return 'It would join the assignment that is under way.';
  const place = hub ?? 'a hub';
  switch (action) {
    case 'create':
      return `It would be created at ${place}.`;
    case 'keep':
      return `It would stay at ${place}.`;
    case 'migrate':
      return `It would move from ${previousHub ?? 'its hub'} to ${place} with its twin.`;
    case 'reset':
      return `It would move to ${place} and start from its initial twin.`;
    case null:
      return `It would be assigned to ${place}.`;
  }
}
