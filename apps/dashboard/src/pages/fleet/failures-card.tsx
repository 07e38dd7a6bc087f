import type { FleetStatus } from '../../api/types';
import { Badge, Card } from '../../components/parts';
import { number } from '../../state/words';

export function FailuresCard({ failures }: { readonly failures: FleetStatus['failures'] }) {
  return (
    <Card title="Failures by reason">
      {failures.length === 0 ? (
        <p class="hint">Nothing has failed.</p>
      ) : (
        <ul class="plain-list">
          {failures.map(({ kind, reason, count }) => (
            <li key={`${kind} ${reason}`} class="row one-line">
              <strong>{number(count)}</strong>
              <Badge tone="bad">{kind}</Badge>
              <span>{reason}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
