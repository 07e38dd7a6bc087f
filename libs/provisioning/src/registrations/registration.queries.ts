import { Query } from '@nestjs/cqrs';
import { OperationStatus, RegistrationResult } from './registration.document';
import { DeviceCall } from './registrations.dto';

/** Dispatched by the QueryBus: how an operation of the calling device stands (R2). */
export class GetOperation extends Query<OperationStatus> {
  constructor(
    readonly call: DeviceCall,
    readonly operationId: string,
  ) {
    super();
  }
}

/** Dispatched by the QueryBus: where the calling device is registered (R3). */
export class GetRegistration extends Query<RegistrationResult> {
  constructor(readonly call: DeviceCall) {
    super();
  }
}

/** Dispatched by the QueryBus: whether the calling device's credentials hold; nothing is answered but that. Errors: `DpsError`. */
export class AttestDevice extends Query<void> {
  constructor(readonly call: DeviceCall) {
    super();
  }
}
