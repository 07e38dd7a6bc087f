import { Module } from '@nestjs/common';
import { AttestationFailures } from './attestation-failures';

/** Needs READ_DATABASE from a global module, with `attestationFailureMigrations` run. */
@Module({ providers: [AttestationFailures], exports: [AttestationFailures] })
export class AttestationFailuresModule {}
