import { Get, Headers, Inject, Query, Res } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { EventStore } from '@app/event-sourcing';
import { Documented, ManagementController } from '../management/documented';
import { ProblemError } from '../management/problem';
import { RequireRight } from '../operators/require-right.guard';
import { EVENT_STORE } from '../shared/tokens';
import { feedPosition } from './feed-positions';
import { FeedReaders } from './feed-readers';
import { FEED_POSITION, FeedQuery, ReplayQuery, filterIn } from './feed.dto';
import { Replays } from './replays';

@ManagementController('feed', 'Event feed')
@RequireRight('AuditRead')
export class FeedController {
  constructor(
    private readonly readers: FeedReaders,
    private readonly replays: Replays,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Get()
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The `id` of the last event that the reader has.' })
  @Documented({
    summary: 'Every event from a position on, as it happens',
    description:
      'Server-sent events: `id` is the position, `event` the type, `data` the event as CloudEvents 1.0 in JSON. Ends with an event `end` that says why. See /api/v1/asyncapi.json.',
    status: 200,
    successDescription: 'A stream of `text/event-stream`.',
    errors: [400, 503],
  })
  async follow(
    @Query() query: FeedQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const asked = lastEventId === undefined || lastEventId === '' ? (query.from ?? 'end') : lastEventId;
    if (!FEED_POSITION.test(asked)) throw ProblemError.invalidRequest('There is no such position in this log.');
    const from = await feedPosition(this.store, asked);
    this.readers.admit();
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // A proxy that collects answers would keep events back.
      'x-accel-buffering': 'no',
      'x-ms-request-id': reply.request.id,
    });
    await this.readers.serve(raw, from, filterIn(query));
  }

  @Get('replay')
  @Documented({
    summary: 'The events of a range of time, in order',
    description:
      'One event a line (NDJSON), as CloudEvents 1.0. It only reads: nothing happens at a hub. Where it cannot go on, the connection is cut, so that an answer which ends as it should is whole.',
    status: 200,
    successDescription: 'A stream of `application/x-ndjson`.',
    errors: [400, 503],
  })
  async replay(@Query() query: ReplayQuery, @Res() reply: FastifyReply): Promise<void> {
    const { since, until } = query;
    if (since !== undefined && until !== undefined && since > until) {
      throw ProblemError.invalidRequest('since must not be after until.');
    }
    this.replays.admit();
    reply.hijack();
    reply.raw.writeHead(200, {
      'content-type': 'application/x-ndjson; charset=utf-8',
      'cache-control': 'no-store',
      'x-ms-request-id': reply.request.id,
    });
    await this.replays.serve(reply.raw, query, filterIn(query));
  }
}
