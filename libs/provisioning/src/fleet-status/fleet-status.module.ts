import { Module } from '@nestjs/common';
import { HubsModule } from '../hubs/hubs.module';
import { FleetStatusReader } from './fleet-status';
import { FleetStatusController } from './fleet-status.controller';

@Module({ imports: [HubsModule], controllers: [FleetStatusController], providers: [FleetStatusReader] })
export class FleetStatusModule {}
