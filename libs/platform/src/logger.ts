import type { LoggerService } from '@nestjs/common';
import { Bindings, ChildLoggerOptions, DestinationStream, Logger, pino } from 'pino';
import { LogLevel } from './configuration/variables';
import { redacted, redactedText } from './redaction';

export type { Logger } from 'pino';

/**
 * Structured JSON logs, one object a line, on standard output unless a destination is given. Values under names of secrets, and
 * secrets inside texts, are taken out before a line is written.
 */
export function createLogger(options: { readonly level?: LogLevel; readonly destination?: DestinationStream } = {}): Logger {
  const logger = pino(
    {
      level: options.level ?? 'info',
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redactedFields },
      // Errors have been made plain by then; pino's own serializer would take the copy's type for theirs.
      serializers: {
        err: (shown: unknown) => shown,
        req: shownRequest,
        res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
      },
      hooks: { streamWrite: redactedText },
    },
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  );
  // Formatters do not see the fields of a child, so they are redacted on their way in; children of children inherit this.
  const plainChild: unknown = Reflect.get(logger, 'child');
  const child = function (this: Logger, bindings: Bindings, childOptions?: ChildLoggerOptions): unknown {
    return Reflect.apply(plainChild as (...args: unknown[]) => unknown, this, [redactedFields(bindings), childOptions]);
  };
  return Object.assign(logger, { child });
}

/** Fields that have a serializer of their own are left to it. */
function redactedFields(fields: Record<string, unknown>): Record<string, unknown> {
  const { req, res, ...others } = fields;
  return {
    ...(redacted(others) as Record<string, unknown>),
    ...(req === undefined ? {} : { req }),
    ...(res === undefined ? {} : { res }),
  };
}

/** Of a request its line alone: headers and bodies carry credentials. */
function shownRequest(request: { readonly method?: unknown; readonly url?: unknown }): Record<string, unknown> {
  return { method: request.method, url: request.url };
}

/** Every line of the returned logger names the conversation that it belongs to. */
export function correlated(logger: Logger, correlationId: string): Logger {
  return logger.child({ correlationId });
}

/** Where Nest says one line for every module and route at each start. */
const chattyContexts: ReadonlySet<unknown> = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Nest's own messages (start, routes, unhandled exceptions) as lines of the same log. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(chattyContexts.has(rest.at(-1)) ? 'debug' : 'info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** Nest gives the context as the last argument and, for errors, a stack before it. */
  private write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: readonly unknown[],
  ): void {
    const context = rest.at(-1);
    const stack = rest.length > 1 ? rest[0] : undefined;
    const fields = { ...(context === undefined ? {} : { context }), ...(stack === undefined ? {} : { stack }) };
    if (message instanceof Error) this.logger[level]({ ...fields, err: message }, message.message);
    else if (typeof message === 'string') this.logger[level](fields, message);
    else this.logger[level]({ ...fields, message });
  }
}
