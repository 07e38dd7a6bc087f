import { Module } from '@nestjs/common';
import { HubsModule } from '../hubs/hubs.module';
import { FleetStatusReader } from './fleet-status';
import { FleetStatusController } from './fleet-status.controller';
import { HubFlowsReader } from './hub-flows';

@Module({ imports: [HubsModule], controllers: [FleetStatusController], providers: [FleetStatusReader, HubFlowsReader] })
export class FleetStatusModule {}
