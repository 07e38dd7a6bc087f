import { Module } from '@nestjs/common';
import { ConnectionsController } from './connections.controller';

/** What operators see of the connections of this process. */
@Module({ controllers: [ConnectionsController] })
export class ConnectionsModule {}
