import type { LoggerService } from '@nestjs/common';
import { DestinationStream, Logger, pino, stdSerializers } from 'pino';
import { LogLevel } from './configuration/variables';
import { redacted, redactedText } from './redaction';

export type { Logger } from 'pino';

/**
 * Structured JSON logs, one object a line, on standard output unless a destination is given. Values under names of secrets, and
 * secrets inside texts, are taken out before a line is written.
 */
export function createLogger(options: { readonly level?: LogLevel; readonly destination?: DestinationStream } = {}): Logger {
  return pino(
    {
      level: options.level ?? 'info',
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        bindings: (bindings) => redacted(bindings) as Record<string, unknown>,
        log: (fields) => redacted(fields) as Record<string, unknown>,
      },
      serializers: {
        // An error's own fields (a driver's query, a client's request) are redacted like any other.
        err: (error: Error) => redacted(stdSerializers.err(error)),
      },
      hooks: { streamWrite: redactedText },
    },
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

/** Every line of the returned logger names the conversation that it belongs to. */
export function correlated(logger: Logger, correlationId: string): Logger {
  return logger.child({ correlationId });
}

/** Nest's own messages (start, routes, unhandled exceptions) as lines of the same log. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('info', message, rest);
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
