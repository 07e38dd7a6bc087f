import type { FleetStatus } from '../../api/types';
import { Badge, Bar, Card } from '../../components/parts';
import { ago, number } from '../../state/words';

export function FlowsCard({ flows }: { readonly flows: FleetStatus['flows'] }) {
  const most = Math.max(1, ...flows.map(({ devices }) => devices));
  return (
    <Card title="Flows between hubs, last hour">
      {flows.length === 0 ? (
        <p class="hint">No device has moved.</p>
      ) : (
        <ul class="plain-list">
          {flows.map(({ from, to, devices, lastAt }) => (
            <li key={`${from} ${to}`} data-flow={`${from} ${to}`}>
              <div class="row">
                <span>
                  {from} <span aria-label="to">→</span> {to}
                </span>
                <strong>{number(devices)}</strong>
                <span class="hint">{ago(lastAt)}</span>
              </div>
              <Bar share={devices / most} tone="busy" />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

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
