import { Module } from '@nestjs/common';
import { HealthController } from './health.controller';
import { Readiness } from './readiness';

/** /livez and /readyz, for every process whatever else it does. Needs ACCESS_CONTROL, CLOCK and HEALTH_CHECKS from a global module. */
@Module({ controllers: [HealthController], providers: [Readiness] })
export class HealthModule {}
