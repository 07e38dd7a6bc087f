import { Query } from '@nestjs/cqrs';
import type { JsonObject } from '@app/event-sourcing';
import type { ReprovisionPolicy } from '../shared/shapes';
import { Preview } from './preview';

/** What a device is imagined to send. */
export interface ImaginedRequest {
  readonly apiVersion: string;
  readonly payload: JsonObject | null;
  readonly remoteAddress: string | null;
  /** Needed for a device of a group that never registered: only its credentials tell which group it is of. */
  readonly enrollmentGroupId: string | null;
  /** True: the webhook of a custom allocation is really called. */
  readonly callWebhook: boolean;
  /** As if a campaign had sent the device there. */
  readonly destination?: { readonly campaignId: string; readonly hub: string };
  /** As if its entry had this policy; null: none. */
  readonly reprovisionPolicy?: ReprovisionPolicy | null;
}

/** Dispatched by the QueryBus: what would happen if the device registered now; undefined where no enrollment is known for it. */
export class PreviewRegistration extends Query<Preview | undefined> {
  constructor(
    readonly registrationId: string,
    readonly request: ImaginedRequest,
  ) {
    super();
  }
}
