import type { ProjectionStatus } from '../../api/types';
import { Badge, Card, Shown } from '../../components/parts';
import type { Resource } from '../../state/use-resource';
import { count } from '../../state/words';

type Projections = Resource<{ readonly items: readonly ProjectionStatus[] }>;

/** Behind by less than this is what a read model always is. */
const LAG_SHOWN_MS = 1_000;

export function ProjectionsCard({ projections }: { readonly projections: Projections }) {
  return (
    <Card title="Read models">
      <p class="hint">How far what these pages show is behind the log.</p>
      <Shown of={projections}>
        {({ items }) => (
          <ul class="pairs">
            {items.map((projection) => (
              <li key={projection.name} class="row">
                <Lag projection={projection} />
                <span>{projection.name}</span>
                {projection.error === null ? null : <span class="wrong">{projection.error}</span>}
              </li>
            ))}
          </ul>
        )}
      </Shown>
    </Card>
  );
}

function Lag({ projection }: { readonly projection: ProjectionStatus }) {
  const { state, lagMs, lagEvents } = projection;
  if (state === 'failed' || state === 'stopped') return <Badge tone="bad">{state}</Badge>;
  if (lagMs < LAG_SHOWN_MS) return <Badge tone="good">up to date</Badge>;
  const events = lagEvents === null ? '' : `, ${count(lagEvents, 'event')}`;
  return <Badge tone="busy">{`${(lagMs / 1_000).toFixed(1)} s behind${events}`}</Badge>;
}
