import { z } from 'zod';
import { DomainEvent, EventCodec } from '@app/event-sourcing';
import { instant, shape } from '../shared/shapes';

/** One stream per device that somebody wanted erased; it outlives everything else of it. */
export const erasureStream = (registrationId: string): string => `erasure-${registrationId.toLowerCase()}`;

const erasureRequested = z.object({
  registrationId: z.string(),
  /** Why, in the operator's words; a ticket's number says more than a name. */
  reason: z.string(),
  /** Its individual enrollment goes as well. */
  deleteEnrollment: z.boolean(),
  at: instant,
});
/** Nothing that the device or its owners have said can be read any more; `hubs` have been told to forget it. */
const deviceDataErased = z.object({
  hubs: z.array(z.object({ hub: z.string(), deviceId: z.string(), outcome: z.enum(['erased', 'notLinked', 'otherDevice']) })),
  at: instant,
});

export type ErasureEvent =
  | DomainEvent<'ErasureRequested', z.infer<typeof erasureRequested>>
  | DomainEvent<'DeviceDataErased', z.infer<typeof deviceDataErased>>;

export const erasureShapes = {
  ErasureRequested: shape(erasureRequested),
  DeviceDataErased: shape(deviceDataErased),
};
export const erasureCodec = new EventCodec<ErasureEvent>(erasureShapes);
