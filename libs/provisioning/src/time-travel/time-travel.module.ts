import { Module } from '@nestjs/common';
import { ReadOwnWrites } from '../management/projection-monitor';
import { FleetController } from './fleet.controller';

/** The fleet as it was. Needs READ_DATABASE, CLOCK, HUB_TWINS, ACCESS_CONTROL and PROJECTION_MONITOR from a global module. */
@Module({ controllers: [FleetController], providers: [ReadOwnWrites] })
export class TimeTravelModule {}
