import { ArgumentsHost, Catch, ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '@app/event-sourcing';
import { HubError, hubErrorBody, HubErrorCode, hubErrorOf } from '../hub-error';

/** Every error of every route as IoT Hub would word it, with a tracking id that the log has too. */
@Catch()
export class HubErrorFilter implements ExceptionFilter {
  constructor(
    private readonly log: Log,
    private readonly clock: () => Date,
  ) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = exception instanceof HttpException ? frameworkError(exception) : hubErrorOf(exception);
    const { code, status } = error;
    const { id: trackingId, method } = request;
    const [path] = request.url.split('?', 1);
    const fields = { trackingId, method, path, host: request.headers.host, status, code, reason: error.detail ?? error.message };
    if (status >= 500) this.log.error(fields, 'a request to a reference hub failed');
    else this.log.info(fields, 'a request to a reference hub was refused');
    void reply.status(status).send(hubErrorBody(error, trackingId, this.clock()));
  }
}

const frameworkCodes: Partial<Record<number, HubErrorCode>> = { 404: 'InvalidOperation', 413: 'MessageTooLarge' };

/** Nest and Fastify refuse routes that do not exist and bodies that cannot be read; their texts quote nothing of the body. */
function frameworkError(exception: HttpException): HubError {
  const status = exception.getStatus();
  if (status >= 500) return hubErrorOf(exception);
  const code = frameworkCodes[status] ?? 'IotHubFormatError';
  const message = status === 404 ? 'there is no such operation' : 'the request cannot be read';
  return new HubError(code, message, exception.message);
}
