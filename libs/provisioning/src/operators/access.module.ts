import { Injectable, Module, OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { RightGuard, rightOf } from './require-right.guard';

/** Asks for a route's right when the headers are there, so that a stranger cannot make the service read a body. */
@Injectable()
class RightsBeforeBodies implements OnModuleInit {
  constructor(
    private readonly adapters: HttpAdapterHost,
    private readonly guard: RightGuard,
  ) {}

  onModuleInit(): void {
    this.adapters.httpAdapter.getInstance<FastifyInstance>().addHook('onRequest', async (request, reply) => {
      const right = rightOf(request);
      if (right !== undefined) await this.guard.admit(request, reply, right);
    });
  }
}

/** For all routes of the application. Needs ACCESS_CONTROL and CLOCK from a global module. */
@Module({ providers: [RightGuard, RightsBeforeBodies] })
export class AccessModule {}
