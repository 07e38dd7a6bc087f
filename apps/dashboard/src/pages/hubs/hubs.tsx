import { call, read } from '../../api/client';
import type { FleetStatus, HubStatus, LinkedHub } from '../../api/types';
import { Bar, Card, Head, ProblemNotice, Shown } from '../../components/parts';
import { Permitted } from '../../components/permitted';
import { href } from '../../state/router';
import { useAction } from '../../state/use-action';
import { useResource } from '../../state/use-resource';
import { useTitle } from '../../state/use-title';
import { number } from '../../state/words';
import { HubBadge } from '../fleet/fleet-hubs';

const POLL_MS = 5_000;

export function HubsPage() {
  useTitle('Hubs');
  const hubs = useResource('linked-hubs', (signal) => read<{ items: readonly LinkedHub[] }>('/linked-hubs', signal), POLL_MS);
  const fleet = useResource('fleet', (signal) => read<FleetStatus>('/fleet/status', signal), POLL_MS);
  const known = new Map(fleet.value?.hubs.map((hub) => [hub.hub, hub]));
  return (
    <>
      <Head title="Hubs" lead="Where devices can be assigned to.">
        <Permitted right="ServiceConfig">
          <a class="button primary" href={href('hubs', 'new')}>
            Link a hub
          </a>
        </Permitted>
      </Head>
      <Shown of={hubs}>
        {({ items }) =>
          items.length === 0 ? (
            <Card>
              <p class="empty">No hub is linked yet; devices cannot be assigned until one is.</p>
            </Card>
          ) : (
            <div class="columns">
              {items.map((hub) => (
                <HubCard key={hub.name} hub={hub} status={known.get(hub.name)} onChange={hubs.reload} />
              ))}
            </div>
          )
        }
      </Shown>
    </>
  );
}

interface HubCardProps {
  readonly hub: LinkedHub;
  /** Undefined before it is known. */
  readonly status: HubStatus | undefined;
  readonly onChange: () => void;
}

function HubCard({ hub, status, onChange }: HubCardProps) {
  const change = useAction(async (changes: Partial<LinkedHub>) => {
    const path = `/api/v1/linked-hubs/${encodeURIComponent(hub.name)}`;
    await call('PUT', path, { body: changes, headers: { 'if-match': hub.etag } });
    onChange();
  });
  const { capacity } = hub;
  const devices = status?.devices ?? 0;
  return (
    <section class="card stack" aria-label={hub.name} data-hub={hub.name}>
      <div class="head">
        <h2>
          <a href={href('hubs', hub.name)}>{hub.name}</a>
        </h2>
        <HubBadge hub={{ ...hub, devices, linked: true, answers: status?.answers ?? true }} />
      </div>
      <dl class="facts">
        <dt>Devices</dt>
        <dd>{capacity === null ? number(devices) : `${number(devices)} of ${number(capacity)}`}</dd>
        <dt>Weight</dt>
        <dd>{hub.applyAllocationPolicy ? hub.allocationWeight : 'only where an enrollment names it'}</dd>
        <dt>Location</dt>
        <dd>{hub.location === '' ? 'not given' : hub.location}</dd>
      </dl>
      {capacity === null ? null : <Bar share={capacity === 0 ? 1 : devices / capacity} />}
      <div class="row">
        <Permitted right="ServiceConfig">
          <button type="button" disabled={change.isRunning} onClick={() => change.run({ cordoned: !hub.cordoned })}>
            {hub.cordoned ? 'Uncordon' : 'Cordon'}
          </button>
          <button type="button" disabled={change.isRunning} onClick={() => change.run({ draining: !hub.draining })}>
            {hub.draining ? 'Stop draining' : 'Drain'}
          </button>
        </Permitted>
        <a class="button" href={href('hubs', hub.name)}>
          Settings
        </a>
      </div>
      <ProblemNotice problem={change.problem} />
    </section>
  );
}
