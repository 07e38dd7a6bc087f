import { Module } from '@nestjs/common';
import type { EventStore, Log } from '@app/event-sourcing';
import { ASSIGNMENT_LOG } from '../registrations/assignment.process';
import { EVENT_STORE } from '../shared/tokens';
import { AsyncApiController } from './asyncapi.controller';
import { FeedReaders } from './feed-readers';
import { FeedController } from './feed.controller';
import { Replays } from './replays';

/** The log for others to read: as it happens, and a range of it. The composition root closes both before its listener. */
@Module({
  controllers: [FeedController, AsyncApiController],
  providers: [
    {
      provide: FeedReaders,
      inject: [EVENT_STORE, ASSIGNMENT_LOG],
      useFactory: (store: EventStore, log: Log) => new FeedReaders({ store, log }),
    },
    {
      provide: Replays,
      inject: [EVENT_STORE, ASSIGNMENT_LOG],
      useFactory: (store: EventStore, log: Log) => new Replays(store, log),
    },
  ],
  exports: [FeedReaders, Replays],
})
export class FeedModule {}
