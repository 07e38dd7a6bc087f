import { Body, Delete, Get, Headers, HttpCode, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import type { EventStore } from '@app/event-sourcing';
import {
  CaCertificateOutcome,
  DeleteCaCertificate,
  GenerateVerificationCode,
  UploadCaCertificate,
  VerifyCaCertificate,
} from '../certificates/ca-certificate.commands';
import { CaCertificates } from '../certificates/ca-certificates';
import { Caller, RequireRight } from '../operators/require-right.guard';
import { caCertificatesProjection } from '../read-models/ca-certificates.projection';
import { listCaCertificateExpiries } from '../read-models/ca-certificates.queries';
import type { CaCertificateExpiry } from '../read-models/ca-certificates.queries';
import type { ReadDatabase } from '../shared/read-database';
import type { RequestContext } from '../shared/request-context';
import { CLOCK, EVENT_STORE, READ_DATABASE } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { listOf } from './answers';
import {
  CaCertificateBody,
  VerificationBody,
  caCertificateAnswer,
  caCertificateExpirySchema,
  caCertificateSchema,
} from './ca-certificates.dto';
import type { CaCertificateAnswer } from './ca-certificates.dto';
import { answerConditionally, writeHeaders } from './conditional';
import { Documented, ManagementController } from './documented';
import { AtLeastQuery } from './inputs.dto';
import { CertificateNamePipe } from './path.pipe';
import { ProblemError } from './problem';
import { ReadOwnWrites } from './projection-monitor';

const WRITE_ERRORS = [400, 404, 409, 412, 413, 415, 503];

/** Reads come from the stream of CA certificates, so a reader sees its own write. */
@ManagementController('certificates', 'CA certificates')
@RequireRight('ServiceConfig')
export class CaCertificatesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly certificates: CaCertificates,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Get()
  @Documented({ summary: 'The CA certificates that groups can refer to', answer: listOf(caCertificateSchema), errors: [503] })
  async list(): Promise<{ items: CaCertificateAnswer[] }> {
    const { certificates } = await this.certificates.read();
    return { items: [...certificates.values()].map(caCertificateAnswer).sort((a, b) => (a.name < b.name ? -1 : 1)) };
  }

  @Get(':name')
  @Documented({ summary: 'One CA certificate', answer: caCertificateSchema, errors: [400, 404, 503], conditional: true })
  async one(
    @Param('name', CertificateNamePipe) name: string,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CaCertificateAnswer | undefined> {
    const known = (await this.certificates.read()).certificates.get(name.toLowerCase());
    if (known === undefined) throw ProblemError.notFound(`There is no CA certificate ${name}.`);
    const answer = caCertificateAnswer(known);
    return answerConditionally(reply, ifNoneMatch, answer.etag, answer);
  }

  @Put(':name')
  @Documented({
    summary: 'Upload a CA certificate, or replace one',
    description: 'It attests devices when it is verified: on upload, or by proof of possession of its key.',
    answer: caCertificateSchema,
    errors: WRITE_ERRORS,
    writes: true,
  })
  async put(
    @Param('name', CertificateNamePipe) name: string,
    @Body() { certificate, isVerified = false }: CaCertificateBody,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CaCertificateAnswer> {
    const upload = new UploadCaCertificate(name, certificate, isVerified, ifMatch, caller);
    return this.answer(await this.commands.execute(upload), caller, reply);
  }

  @Post(':name/generateVerificationCode')
  @HttpCode(200)
  @Documented({
    summary: 'A new verification code',
    description:
      'Sign a certificate with this code as its common name with the key of the CA certificate, and send it to `verify`.',
    answer: caCertificateSchema,
    errors: WRITE_ERRORS,
    writes: true,
  })
  async generateVerificationCode(
    @Param('name', CertificateNamePipe) name: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CaCertificateAnswer> {
    return this.answer(await this.commands.execute(new GenerateVerificationCode(name, ifMatch, caller)), caller, reply);
  }

  @Post(':name/verify')
  @HttpCode(200)
  @Documented({ summary: 'Prove possession of the key', answer: caCertificateSchema, errors: WRITE_ERRORS, writes: true })
  async verify(
    @Param('name', CertificateNamePipe) name: string,
    @Body() { certificate }: VerificationBody,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CaCertificateAnswer> {
    return this.answer(await this.commands.execute(new VerifyCaCertificate(name, certificate, ifMatch, caller)), caller, reply);
  }

  @Delete(':name')
  @HttpCode(204)
  @Documented({
    summary: 'Delete a CA certificate',
    description: 'Groups that refer to it stay as they are; their devices are refused from now on.',
    errors: [400, 404, 409, 412, 503],
    writes: true,
  })
  async remove(
    @Param('name', CertificateNamePipe) name: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const outcome = await this.commands.execute(new DeleteCaCertificate(name, ifMatch, caller));
    writeHeaders(reply, caller, { position: await this.positionOf(outcome) });
  }

  private async answer(outcome: CaCertificateOutcome, caller: RequestContext, reply: FastifyReply): Promise<CaCertificateAnswer> {
    const { certificate } = outcome;
    if (certificate === undefined) throw ProblemError.notFound('There is no such CA certificate any more.');
    const answer = caCertificateAnswer(certificate);
    writeHeaders(reply, caller, { position: await this.positionOf(outcome), etag: answer.etag });
    return answer;
  }

  private async positionOf({ position }: CaCertificateOutcome): Promise<string> {
    return position ?? (await this.store.headPosition());
  }
}

@ManagementController('certificate-expiry', 'CA certificates')
@RequireRight('ServiceConfig')
export class CertificateExpiryController {
  constructor(
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly ownWrites: ReadOwnWrites,
  ) {}

  @Get()
  @Documented({
    summary: 'When CA certificates expire, the next one first',
    answer: listOf(caCertificateExpirySchema),
    errors: [400, 503],
  })
  async list(@Query() query: AtLeastQuery): Promise<{ items: readonly CaCertificateExpiry[] }> {
    await this.ownWrites.wait(query.atLeast, caCertificatesProjection);
    return { items: await listCaCertificateExpiries(this.database, this.clock()) };
  }
}
