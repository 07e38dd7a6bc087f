import { Controller, Get, Inject, Req, Res, UseFilters } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../management/problem';
import { ProblemFilter } from '../management/problem.filter';
import { DashboardFile, DashboardFiles } from './dashboard-files';
import { DASHBOARD_SETTINGS } from './dashboard-settings';
import type { DashboardSettings } from './dashboard-settings';

const YEAR_S = 31_536_000;

/** The page runs its own script and style and speaks to its own origin; whatever else somebody smuggles in does nothing. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

/** The dashboard's files; needs no sign-in, because they hold nothing. */
@ApiExcludeController()
@Controller('dashboard')
@UseFilters(ProblemFilter)
export class DashboardFilesController {
  private files: Promise<DashboardFiles> | undefined;

  constructor(@Inject(DASHBOARD_SETTINGS) private readonly settings: DashboardSettings) {}

  @Get('assets/*')
  async asset(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const name = pathIn(request).replace(/^\/dashboard\//i, '');
    const file = (await this.read()).file(name);
    if (file === undefined) throw ProblemError.notFound('There is no such file.');
    await send(file, request, reply);
  }

  @Get(['', '*'])
  async page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { page } = await this.read();
    if (page === undefined) {
      throw ProblemError.notFound('The dashboard is not built: run `node scripts/build.mjs dashboard` and start again.');
    }
    await send(page, request, reply);
  }

  private read(): Promise<DashboardFiles> {
    this.files ??= DashboardFiles.read(this.settings.directory);
    return this.files;
  }
}

function pathIn({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '';
}

async function send(file: DashboardFile, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const takesGzip = file.gzip !== undefined && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  reply.headers(securityHeaders).header('content-type', file.contentType).header('vary', 'accept-encoding');
  reply.header('cache-control', file.immutable ? `public, max-age=${YEAR_S}, immutable` : 'no-cache');
  if (takesGzip) reply.header('content-encoding', 'gzip');
  await reply.send(takesGzip ? file.gzip : file.content);
}
