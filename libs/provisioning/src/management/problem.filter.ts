import { ArgumentsHost, Catch, ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DpsErrorFilter } from '../shared/dps-error.filter';
import { PROBLEM_CONTENT_TYPE, problemDocument, problemOf } from './problem';

/** After so many seconds a caller may find the read model caught up or the store back. */
const RETRY_AFTER_S = 1;

/** Every exception of the routes under /api/v1 as a problem document (RFC 9457). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('management');

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const cause = problemOf(exception);
    const path = request.url.split('?', 1)[0] ?? '';
    const entry = { trackingId: request.id, method: request.method, path, problem: cause.kind, reason: cause.logReason };
    if (cause.status < 500) this.logger.warn(entry);
    else this.logger.error(exception instanceof Error ? { ...entry, stack: exception.stack } : entry);
    if (cause.status === 401) reply.header('www-authenticate', 'Bearer, SharedAccessSignature');
    if (cause.status === 503) reply.header('retry-after', String(RETRY_AFTER_S));
    void reply
      .status(cause.status)
      .header('content-type', PROBLEM_CONTENT_TYPE)
      .header('cache-control', 'no-store')
      .header('x-ms-request-id', request.id)
      .send(JSON.stringify(problemDocument(cause, path, request.id)));
  }
}

/**
 * For the whole application: what is thrown before a route is found (a body that is no JSON, a path that is none) gets the error
 * style of the edge it was meant for.
 */
@Catch()
export class EdgeErrorFilter implements ExceptionFilter {
  private readonly problems = new ProblemFilter();
  private readonly compatible = new DpsErrorFilter();

  catch(exception: unknown, host: ArgumentsHost): void {
    const { url } = host.switchToHttp().getRequest<FastifyRequest>();
    (/^\/api\/v1(?:[/?]|$)/i.test(url) ? this.problems : this.compatible).catch(exception, host);
  }
}
