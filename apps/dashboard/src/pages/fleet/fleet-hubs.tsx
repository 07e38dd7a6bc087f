import type { HubStatus } from '../../api/types';
import { Badge, Bar } from '../../components/parts';
import { Permitted } from '../../components/permitted';
import { href } from '../../state/router';
import { number } from '../../state/words';

export function HubBadge({
  hub,
}: {
  readonly hub: Pick<HubStatus, 'linked' | 'answers' | 'draining' | 'cordoned' | 'capacity' | 'devices'>;
}) {
  if (!hub.linked) return <Badge>not linked</Badge>;
  if (!hub.answers) return <Badge tone="bad">no answer</Badge>;
  if (hub.draining) return <Badge tone="busy">draining</Badge>;
  if (hub.cordoned) return <Badge tone="busy">cordoned</Badge>;
  if (hub.capacity !== null && hub.devices >= hub.capacity) return <Badge tone="bad">full</Badge>;
  return <Badge tone="good">open</Badge>;
}

/** Devices of each hub; the bar is its share of the fleet, or of its capacity where it has one. */
export function FleetHubs({ hubs, devices }: { readonly hubs: readonly HubStatus[]; readonly devices: number }) {
  if (hubs.length === 0) {
    return (
      <p class="empty">
        No hub is linked yet.{' '}
        <Permitted right="ServiceConfig">
          <a href={href('hubs', 'new')}>Link one</a>
        </Permitted>
      </p>
    );
  }
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label="Hubs">
      <table>
        <thead>
          <tr>
            <th>Hub</th>
            <th>State</th>
            <th class="number">Devices</th>
            <th>Share</th>
            <th class="number">Capacity</th>
            <th class="number">Weight</th>
          </tr>
        </thead>
        <tbody>
          {hubs.map((hub) => (
            <tr key={hub.hub} data-hub={hub.hub}>
              <td>
                <a href={`${href('devices')}?hub=${encodeURIComponent(hub.hub)}`}>{hub.hub}</a>
              </td>
              <td>
                <HubBadge hub={hub} />
              </td>
              <td class="number">{number(hub.devices)}</td>
              <td>
                <HubBar hub={hub} devices={devices} />
              </td>
              <td class="number">{hub.capacity === null ? 'no limit' : number(hub.capacity)}</td>
              <td class="number">{hub.linked ? hub.allocationWeight : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function HubBar({ hub, devices }: { readonly hub: HubStatus; readonly devices: number }) {
  const whole = hub.capacity ?? devices;
  const share = whole === 0 ? 0 : hub.devices / whole;
  const tone = hub.capacity === null ? '' : share >= 1 ? 'bad' : share >= 0.9 ? 'busy' : '';
  return <Bar share={share} tone={tone} />;
}
