import { JsonObject } from '@app/event-sourcing';
import { RequestContext } from '../shared/request-context';

/** Dispatched by the CommandBus: a device, over any transport, asks where it belongs. */
export class RegisterDevice {
  constructor(
    readonly registrationId: string,
    /** The `Authorization` value the device presented. */
    readonly authorization: string | undefined,
    readonly request: {
      readonly idScope: string;
      readonly apiVersion: string;
      readonly clientVersion: string | null;
      readonly transport: 'https' | 'mqtt' | 'amqp';
      readonly payload: JsonObject | null;
    },
    readonly context: RequestContext,
  ) {}
}

/** Forgets where a device is: its next registration is like a first one. Nothing at the hub changes. */
export class DeleteRegistration {
  constructor(
    readonly registrationId: string,
    /** ETag the caller expects, as sent; undefined when it expects nothing. */
    readonly ifMatch: string | undefined,
    readonly context: RequestContext,
  ) {}
}
