import { useEffect, useRef, useState } from 'preact/hooks';
import { read } from '../../api/client';
import type { FleetStatus, ProjectionStatus } from '../../api/types';
import { Card, Head, Shown } from '../../components/parts';
import { href } from '../../state/router';
import { deviceEvents, useFeed, useSettled } from '../../state/use-feed';
import { useResource } from '../../state/use-resource';
import { useTitle } from '../../state/use-title';
import { number } from '../../state/words';
import { FailuresCard } from './failures-card';
import { FleetHubs } from './fleet-hubs';
import { FlowsCard, useFlows } from './flows-card';
import { LiveCounts } from './live-counts';
import { MinutesChart } from './minutes-chart';
import { ProjectionsCard } from './projections-card';

const POLL_MS = 5_000;
const TICK_MS = 1_000;
/** After an event the counts are asked for again, at most so often. */
const SETTLE_MS = 700;
/** The service gives out counts that are up to a second old; asked a second time, it has counted after the event. */
const SETTLE_AGAIN_MS = 1_800;
const feedWords = { connecting: 'Connecting', live: 'Live', away: 'Reconnecting' } as const;
const feedTones = { connecting: '', live: 'on', away: 'off' } as const;

export function FleetPage({ query }: { readonly query: URLSearchParams }) {
  useTitle('Fleet');
  const fleet = useResource('fleet', (signal) => read<FleetStatus>('/fleet/status', signal), POLL_MS);
  const projections = useResource(
    'projections',
    (signal) => read<{ items: readonly ProjectionStatus[] }>('/projections', signal),
    POLL_MS,
  );
  const flows = useFlows(query, POLL_MS);
  const counts = useRef(new LiveCounts()).current;
  const [, redraw] = useState(0);
  const reload = (): void => {
    fleet.reload();
    flows.resource.reload();
  };
  const reloadFirst = useSettled(reload, SETTLE_MS);
  const reloadAgain = useSettled(reload, SETTLE_AGAIN_MS);
  const reloadSoon = (): void => {
    reloadFirst();
    reloadAgain();
  };
  const redrawSoon = useSettled(() => redraw((times) => times + 1), 50);
  const feed = useFeed(
    deviceEvents,
    (event) => {
      counts.take(event);
      redrawSoon();
      reloadSoon();
    },
    () => {
      counts.clear();
      reloadSoon();
    },
  );
  useEffect(() => {
    const timer = setInterval(() => redraw((times) => times + 1), TICK_MS);
    return () => clearInterval(timer);
  }, []);

  return (
    <>
      <Head title="Fleet">
        <span class={`live ${feedTones[feed]}`} role="status">
          {feedWords[feed]}
        </span>
      </Head>
      <Shown of={fleet}>
        {(status) => (
          <>
            <Tiles status={status} live={counts} />
            <Card title="Hubs" flush>
              <FleetHubs hubs={status.hubs} devices={status.devices} />
            </Card>
            <FlowsCard flows={flows} />
            <div class="columns">
              <Card title="Last hour">
                <MinutesChart minutes={status.minutes} at={status.at} />
              </Card>
              <div class="stack">
                <FailuresCard failures={status.failures} />
                <ProjectionsCard projections={projections} />
              </div>
            </div>
          </>
        )}
      </Shown>
    </>
  );
}

function Tiles({ status, live }: { readonly status: FleetStatus; readonly live: LiveCounts }) {
  const devices = new Map(status.statuses.map((each) => [each.status, each.devices]));
  // The stream is some milliseconds ahead of the read model, and the read model knows of those from before this page was opened.
  const assigning = Math.max(live.assigning, devices.get('assigning') ?? 0);
  const failed = devices.get('failed') ?? 0;
  const byStatus = (word: string): string => `${href('devices')}?status=${word}`;
  return (
    <div class="tiles">
      <a class="tile" href={href('devices')}>
        <div class="what">Devices</div>
        <div class="figure">{number(status.devices)}</div>
      </a>
      <a class={`tile ${assigning > 0 ? 'busy' : ''}`} href={byStatus('assigning')} data-count="assigning">
        <div class="what">Assigning</div>
        <div class="figure">{number(assigning)}</div>
      </a>
      <a class="tile" href={byStatus('assigned')} data-count="assigned">
        <div class="what">Assigned</div>
        <div class="figure">{number(devices.get('assigned') ?? 0)}</div>
      </a>
      <a class={`tile ${failed > 0 ? 'bad' : ''}`} href={byStatus('failed')} data-count="failed">
        <div class="what">Failed</div>
        <div class="figure">{number(failed)}</div>
      </a>
      <a class="tile" href={byStatus('disabled')}>
        <div class="what">Disabled</div>
        <div class="figure">{number(devices.get('disabled') ?? 0)}</div>
      </a>
      <div class="tile">
        <div class="what">Registrations / s</div>
        <div class="figure">{live.rate.toFixed(1)}</div>
      </div>
    </div>
  );
}
