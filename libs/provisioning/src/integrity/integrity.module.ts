import { Module } from '@nestjs/common';
import { IntegrityController } from './integrity.controller';

/** Tamper evidence. Needs AUDIT_TRAIL, ACCESS_CONTROL and CLOCK from a global module. */
@Module({ controllers: [IntegrityController] })
export class IntegrityModule {}
