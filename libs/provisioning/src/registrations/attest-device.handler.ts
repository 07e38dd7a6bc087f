import { IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { DeviceAttestation } from './device-attestation';
import { AttestDevice } from './registration.queries';

/** For edges that let a connection in before it asks for anything. */
@QueryHandler(AttestDevice)
export class AttestDeviceHandler implements IQueryHandler<AttestDevice> {
  constructor(private readonly attestation: DeviceAttestation) {}

  async execute({ call }: AttestDevice): Promise<void> {
    await this.attestation.attest(call);
  }
}
