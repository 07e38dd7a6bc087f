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
      <Shown of={projections}>{({ items }) => <Lags items={items} />}</Shown>
    </Card>
  );
}

/** Those that are behind at once; all of them when somebody asks. */
function Lags({ items }: { readonly items: readonly ProjectionStatus[] }) {
  const behind = items.filter((projection) => !isFresh(projection));
  return (
    <div class="plain-list">
      {behind.length === 0 ? (
        <div class="row">
          <Badge tone="good">up to date</Badge>
          <span>These pages show everything that is in the log.</span>
        </div>
      ) : (
        behind.map((projection) => <Lag key={projection.name} projection={projection} />)
      )}
      <details>
        <summary>All {items.length}</summary>
        <div class="pairs">
          {items.map((projection) => (
            <Lag key={projection.name} projection={projection} />
          ))}
        </div>
      </details>
    </div>
  );
}

function isFresh({ state, lagMs }: ProjectionStatus): boolean {
  return state !== 'failed' && state !== 'stopped' && lagMs < LAG_SHOWN_MS;
}

function Lag({ projection }: { readonly projection: ProjectionStatus }) {
  return (
    <div class="row">
      <LagBadge projection={projection} />
      <span>{projection.name}</span>
      {projection.error === null ? null : <span class="wrong">{projection.error}</span>}
    </div>
  );
}

function LagBadge({ projection }: { readonly projection: ProjectionStatus }) {
  const { state, lagMs, lagEvents } = projection;
  if (state === 'failed' || state === 'stopped') return <Badge tone="bad">{state}</Badge>;
  if (isFresh(projection)) return <Badge tone="good">up to date</Badge>;
  const events = lagEvents === null ? '' : `, ${count(lagEvents, 'event')}`;
  return <Badge tone="busy">{`${(lagMs / 1_000).toFixed(1)} s behind${events}`}</Badge>;
}
