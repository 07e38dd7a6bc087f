import { ArgumentsHost, Catch, ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EventStoreUnavailable, EventTooLarge, Rejected, RevisionConflict } from '@app/event-sourcing';
import { DpsError, dpsErrorBody } from './dps-error';
import { errorCodeOf } from './rejections';

/** What the HTTP framework itself throws: unreadable bodies, wrong content types, bodies over the limit. */
interface FrameworkError {
  readonly statusCode: number;
  readonly code: string;
  readonly message: string;
}

/**
 * Every exception of the compatible routes (service and device API) as the documented error: body, `x-ms-error-code`, and a
 * tracking id that is the request's `x-ms-request-id`. What went wrong inside is in the log only.
 */
@Catch()
export class DpsErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('requests');

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = asDpsError(exception);
    this.log(error, exception, request);
    void reply
      .status(error.status)
      .header('content-type', 'application/json; charset=utf-8')
      .header('x-ms-request-id', request.id)
      .header('x-ms-error-code', String(error.errorCode))
      .send(dpsErrorBody(error, request.id, new Date()));
  }

  private log(error: DpsError, exception: unknown, request: FastifyRequest): void {
    const entry = {
      trackingId: request.id,
      method: request.method,
      // The query may carry anything; the path names the resource.
      path: request.url.split('?', 1)[0],
      remoteAddress: request.raw.socket.remoteAddress,
      errorCode: error.errorCode,
      reason: error.logReason,
    };
    if (error.status < 500) this.logger.warn(entry);
    else this.logger.error(exception instanceof Error ? { ...entry, stack: exception.stack } : entry);
  }
}

/** The documented error for anything that was thrown; unknown things become 500000 with the details for the log. */
export function asDpsError(exception: unknown): DpsError {
  if (exception instanceof DpsError) return exception;
  if (exception instanceof Rejected) return ofRejection(exception as Rejected);
  if (exception instanceof RevisionConflict) return new DpsError(409203, 'Precondition failed.', exception.message);
  if (exception instanceof EventTooLarge) return new DpsError(400004, 'The document is too large.', exception.message);
  if (exception instanceof EventStoreUnavailable) return new DpsError(500001, 'Service unavailable.', exception.message);
  if (exception instanceof HttpException) return ofStatus(exception.getStatus(), exception.message);
  if (isFrameworkError(exception)) return ofStatus(exception.statusCode, exception.message);
  return internal(exception);
}

function ofRejection(rejected: Rejected): DpsError {
  const errorCode = errorCodeOf(rejected.reason);
  if (errorCode === undefined) return internal(rejected);
  return new DpsError(errorCode, rejected.message, `${rejected.reason}: ${rejected.message}`);
}

/** DPS documents neither 413 nor 414, so what is malformed or over a limit is one kind of bad request. */
function ofStatus(status: number, message: string): DpsError {
  if (status === 400 || status === 413 || status === 414) return new DpsError(400004, message);
  if (status === 401 || status === 403) return DpsError.unauthorized(message);
  if (status >= 400 && status < 500) return new DpsError(status * 1000, message);
  return new DpsError(500000, 'Internal server error.', message);
}

function internal(exception: unknown): DpsError {
  const reason = exception instanceof Error ? `${exception.name}: ${exception.message}` : String(exception);
  return new DpsError(500000, 'Internal server error.', reason);
}

function isFrameworkError(exception: unknown): exception is FrameworkError {
  return (
    exception instanceof Error && 'statusCode' in exception && 'code' in exception && String(exception.code).startsWith('FST_')
  );
}
