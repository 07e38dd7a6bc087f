import { Module } from '@nestjs/common';
import { HubsModule } from '../hubs/hubs.module';
import { MeasuredLatenciesModule } from './measured-latencies.module';
import { LatenciesController } from './latencies.controller';

/** Where agents send what they measured. */
@Module({ imports: [HubsModule, MeasuredLatenciesModule], controllers: [LatenciesController] })
export class LatenciesModule {}
