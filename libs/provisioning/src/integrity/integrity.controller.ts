import { Body, Get, HttpCode, Inject, Post, Query, Res } from '@nestjs/common';
import { ApiProduces } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { PassThrough } from 'node:stream';
import { Documented, ManagementController } from '../management/documented';
import { ProblemError } from '../management/problem';
import { schema } from '../management/schemas';
import { RequireRight } from '../operators/require-right.guard';
import { AUDIT_TRAIL } from './audit-trail';
import type { AuditTrail } from './audit-trail';
import type { PublicKeyAnswer, RootsAnswer } from './integrity.dto';
import { RootsQuery, VerifyBody, publicKeySchema, rootsSchema } from './integrity.dto';

const NDJSON = 'application/x-ndjson';
/** A reader hears of progress this often, so that a long verification is not taken for a dead one. */
const PROGRESS_INTERVAL_MS = 250;

@ManagementController('audit', 'Audit')
@RequireRight('AuditRead')
export class IntegrityController {
  constructor(@Inject(AUDIT_TRAIL) private readonly trail: AuditTrail) {}

  @Get('public-key')
  @Documented({ summary: 'The key that signed roots are checked with', answer: publicKeySchema, errors: [] })
  publicKey(): PublicKeyAnswer {
    const { keyId, publicKey } = this.trail;
    return { keyId, publicKey };
  }

  @Get('roots')
  @Documented({
    summary: 'Signed statements about everything in a log up to a position',
    description: 'Whoever keeps a copy of them elsewhere can show that nothing before them was changed.',
    answer: rootsSchema,
    errors: [400],
  })
  async roots(@Query() { log, after, limit }: RootsQuery): Promise<RootsAnswer> {
    return { items: await this.trail.roots(log, after, limit) };
  }

  @Post('verify')
  @HttpCode(200)
  @ApiProduces(NDJSON)
  @Documented({
    summary: 'Whether anybody but this service has changed a log',
    description:
      'One JSON object a line: `{"kind":"progress","events":…,"fraction":…}` while it works, and at the end `{"kind":"verdict","intact":…,"firstBreak":…}`.',
    answer: schema.anyObject('A line of the answer.'),
    errors: [400, 404, 413, 415, 503],
  })
  verify(@Body() { log, from, to }: VerifyBody, @Res() reply: FastifyReply): FastifyReply {
    if (!this.trail.logs.includes(log)) throw ProblemError.notFound(`The log of ${log} is not in this process.`);
    const lines = new PassThrough();
    const ending = new AbortController();
    lines.once('close', () => ending.abort(new Error('the reader has gone')));
    const say = (kind: string, content: object): boolean => lines.write(`${JSON.stringify({ kind, ...content })}\n`);
    let saidAtMs = 0;
    void this.trail
      .verify(
        { log, from, to },
        (progress) => {
          if (performance.now() - saidAtMs < PROGRESS_INTERVAL_MS) return;
          saidAtMs = performance.now();
          say('progress', progress);
        },
        ending.signal,
      )
      .then((verdict) => say('verdict', verdict))
      .catch((error: unknown) => say('error', { detail: error instanceof Error ? error.message : 'it could not be finished' }))
      .finally(() => lines.end());
    return reply.header('content-type', NDJSON).header('cache-control', 'no-store').send(lines);
  }
}
