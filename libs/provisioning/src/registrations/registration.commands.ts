import { Command } from '@nestjs/cqrs';
import { JsonObject } from '@app/event-sourcing';
import { RequestContext } from '../shared/request-context';
import { OperationStatus } from './registration.document';
import { DeviceCall } from './registrations.dto';

/** Dispatched by the CommandBus: a device, over any transport, asks where it belongs. */
export class RegisterDevice extends Command<OperationStatus> {
  constructor(
    readonly call: DeviceCall,
    readonly payload: JsonObject | null,
  ) {
    super();
  }
}

/** Forgets where a device is: its next registration is like a first one. Nothing at the hub changes. */
export class DeleteRegistration extends Command<void> {
  constructor(
    readonly registrationId: string,
    /** ETag the caller expects, as sent; undefined when it expects nothing. */
    readonly ifMatch: string | undefined,
    readonly context: RequestContext,
  ) {
    super();
  }
}
