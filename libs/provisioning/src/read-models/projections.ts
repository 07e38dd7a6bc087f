import { Projection } from '@app/event-sourcing';
import { auditIndexProjection } from '../audit-history/audit-index.projection';
import { erasuresProjection } from '../erasure/erasures.projection';
import { campaignsProjection } from '../campaigns/campaigns.projection';
import { caCertificatesProjection } from './ca-certificates.projection';
import { deviceStatusProjection } from './device-status.projection';
import { enrollmentsProjection } from './enrollments.projection';
import { deviceHistoryProjection } from '../time-travel/device-history.projection';
import { hubMembershipProjection } from './hub-membership.projection';
import { operationsProjection } from './operations.projection';
import { twinDataProjection } from './twin-data.projection';

/** Every read model of the product, in the order in which `/api/v1/projections` names them. */
export const provisioningProjections: readonly Projection[] = [
  deviceStatusProjection,
  hubMembershipProjection,
  twinDataProjection,
  enrollmentsProjection,
  operationsProjection,
  caCertificatesProjection,
  campaignsProjection,
  erasuresProjection,
  deviceHistoryProjection,
  auditIndexProjection,
];
