import type { VNode } from 'preact';
import { Head } from '../components/parts';
import { Place, href } from '../state/router';
import { useTitle } from '../state/use-title';
import { AuditPage } from './audit/audit';
import { AuditEventPage } from './audit/audit-event';
import { CampaignPage } from './campaigns/campaign';
import { CampaignsPage } from './campaigns/campaigns';
import { NewCampaignPage } from './campaigns/new-campaign';
import { DevicePage } from './devices/device';
import { DevicesPage } from './devices/devices';
import { EnrollmentPage } from './enrollments/enrollment';
import { EnrollmentsPage } from './enrollments/enrollments';
import { FleetPage } from './fleet/fleet';
import { HubPage } from './hubs/hub';
import { HubsPage } from './hubs/hubs';

export const sections = [
  { id: 'fleet', title: 'Fleet' },
  { id: 'devices', title: 'Devices' },
  { id: 'enrollments', title: 'Enrollments' },
  { id: 'hubs', title: 'Hubs' },
  { id: 'campaigns', title: 'Campaigns' },
  { id: 'audit', title: 'Audit' },
] as const;

const NEW = 'new';

/** The page of an address; each gets a key, so that another device's page begins anew. */
export function pageAt({ parts, query }: Place): VNode {
  const [section = 'fleet', id, detail] = parts;
  switch (section) {
    case 'fleet':
      return <FleetPage query={query} />;
    case 'devices':
      return id === undefined ? <DevicesPage query={query} /> : <DevicePage key={id} id={id} />;
    case 'enrollments':
      if (id !== 'individual' && id !== 'group') return <EnrollmentsPage query={query} />;
      return <EnrollmentPage key={`${id} ${detail ?? ''}`} kind={id} id={detail} />;
    case 'hubs':
      return id === undefined ? <HubsPage /> : <HubPage key={id} name={id === NEW ? undefined : id} />;
    case 'campaigns':
      if (id === undefined) return <CampaignsPage />;
      return id === NEW ? <NewCampaignPage query={query} /> : <CampaignPage key={id} id={id} />;
    case 'audit':
      return id === undefined ? <AuditPage query={query} /> : <AuditEventPage key={id} position={id} />;
    default:
      return <NoPage />;
  }
}

function NoPage() {
  useTitle('Not found');
  return (
    <>
      <Head title="There is no such page" />
      <p>
        <a href={href()}>To the fleet</a>
      </p>
    </>
  );
}
