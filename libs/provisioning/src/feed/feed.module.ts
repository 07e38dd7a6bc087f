import { Module } from '@nestjs/common';
import type { EventStore, Log } from '@app/event-sourcing';
import { ASSIGNMENT_LOG } from '../registrations/assignment.process';
import { EVENT_STORE } from '../shared/tokens';
import { AsyncApiController } from './asyncapi.controller';
import { FeedReaders } from './feed-readers';
import { FEED_SETTINGS, FeedSettings } from './feed-settings';
import { FeedController } from './feed.controller';
import { Replays } from './replays';

/** The log for others to read: as it happens, and a range of it. The composition root closes both before its listener. */
@Module({
  controllers: [FeedController, AsyncApiController],
  providers: [
    {
      provide: FeedReaders,
      inject: [EVENT_STORE, ASSIGNMENT_LOG, FEED_SETTINGS],
      useFactory: (store: EventStore, log: Log, settings: FeedSettings) => new FeedReaders({ store, log, settings }),
    },
    {
      provide: Replays,
      inject: [EVENT_STORE, ASSIGNMENT_LOG, FEED_SETTINGS],
      useFactory: (store: EventStore, log: Log, settings: FeedSettings) => new Replays(store, log, settings),
    },
  ],
  exports: [FeedReaders, Replays],
})
export class FeedModule {}
