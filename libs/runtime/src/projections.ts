import { Projection } from '@app/event-sourcing';
import { openAssignmentsProjection, provisioningProjections } from '@app/provisioning';

/** Every projection that this product runs: what operators read, and what its own recovery looks at. */
export const projections: readonly Projection[] = [...provisioningProjections, openAssignmentsProjection];
