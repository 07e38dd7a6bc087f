import { Module } from '@nestjs/common';
import { ProjectionRebuildsController } from './projection-rebuilds.controller';
import { ProjectionRebuilds } from './projection-rebuilds';

/** Read models rebuilt over the API. Needs PROJECTION_REBUILDER, ACCESS_CONTROL and CLOCK from a global module. */
@Module({ controllers: [ProjectionRebuildsController], providers: [ProjectionRebuilds] })
export class ProjectionRebuildsModule {}
