import { Body, Get, HttpCode, Param, Post } from '@nestjs/common';
import { listOf } from '../management/answers';
import { Documented, ManagementController } from '../management/documented';
import { IdPipe } from '../management/path.pipe';
import { Caller, RequireRight } from '../operators/require-right.guard';
import type { RequestContext } from '../shared/request-context';
import { RebuildBody, rebuildAnswer, rebuildSchema } from './projection-rebuilds.dto';
import { ProjectionRebuilds } from './projection-rebuilds';
import type { ProjectionRebuild } from './projection-rebuilds';

@ManagementController('projections', 'Projections')
@RequireRight('RegistrationStatusRead')
export class ProjectionRebuildsController {
  constructor(private readonly rebuilds: ProjectionRebuilds) {}

  @Get('rebuilds')
  @Documented({
    summary: 'The last rebuilds of read models that this process was asked for, newest first',
    answer: listOf(rebuildSchema),
    errors: [],
  })
  list(): { items: readonly ProjectionRebuild[] } {
    return { items: this.rebuilds.list().map(rebuildAnswer) };
  }

  @Get('rebuilds/:rebuildId')
  @Documented({ summary: 'How far a rebuild is, and in the end what differed', answer: rebuildSchema, errors: [400, 404] })
  one(@Param('rebuildId', IdPipe) rebuildId: string): ProjectionRebuild {
    return rebuildAnswer(this.rebuilds.one(rebuildId));
  }

  @Post(':name/rebuild')
  @HttpCode(202)
  @RequireRight('AuditWrite')
  @Documented({
    summary: 'Rebuild a read model from the log, beside the live one, and compare the two row by row',
    description:
      'Nothing happens at a hub. The live one goes on; with `switch` the rebuilt one takes its place. One rebuild at a time; ask for it by its `rebuildId`.',
    answer: rebuildSchema,
    status: 202,
    errors: [400, 404, 409, 413, 415],
  })
  start(
    @Param('name', IdPipe) name: string,
    @Body() body: RebuildBody | undefined,
    @Caller() caller: RequestContext,
  ): ProjectionRebuild {
    return rebuildAnswer(this.rebuilds.start(name, body?.switch ?? false, caller.actor.name));
  }
}
