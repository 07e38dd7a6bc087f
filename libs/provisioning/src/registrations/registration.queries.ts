import { DeviceCall } from './registrations.dto';

/** Dispatched by the QueryBus: how an operation of the calling device stands (R2). */
export class GetOperation {
  constructor(
    readonly call: DeviceCall,
    readonly operationId: string,
  ) {}
}

/** Dispatched by the QueryBus: where the calling device is registered (R3). */
export class GetRegistration {
  constructor(readonly call: DeviceCall) {}
}
