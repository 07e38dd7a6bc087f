import { Controller, Get, Headers, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { AccessControl } from '../operators/access';
import { ACCESS_CONTROL, CLOCK } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { Readiness } from './readiness';
import type { CheckResult } from './readiness';

interface HealthAnswer {
  readonly status: 'ok' | 'not ok';
  readonly checks?: readonly CheckResult[];
}

/** For load balancers and orchestrators. Strangers learn one word; whoever may configure the service sees each check. */
@ApiExcludeController()
@Controller()
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    @Inject(ACCESS_CONTROL) private readonly access: AccessControl,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The process answers; it says nothing of what it depends on, so that a lost database does not get it restarted. */
  @Get('livez')
  live(@Res({ passthrough: true }) reply: FastifyReply): HealthAnswer {
    reply.header('cache-control', 'no-store');
    return { status: 'ok' };
  }

  /** 200 when every check is well, otherwise 503. */
  @Get('readyz')
  async ready(
    @Headers('authorization') authorization: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<HealthAnswer> {
    const checks = await this.readiness.results();
    const status = checks.every(({ ok }) => ok) ? 'ok' : 'not ok';
    reply.header('cache-control', 'no-store').status(status === 'ok' ? 200 : 503);
    if (authorization === undefined) return { status };
    const { granted } = this.access.authorize(authorization, 'ServiceConfig', this.clock());
    return granted ? { status, checks } : { status };
  }
}
