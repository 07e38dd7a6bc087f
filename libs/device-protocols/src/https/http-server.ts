import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ServerOptions } from 'node:https';
import { BadRequestException, UnsupportedMediaTypeException } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyBodyParser, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { jsonProblem } from './json-body';

/** Largest request body: a message to the service is at most 96 KB. */
export const BODY_BYTES_MAX = 96 * 1024;
/**
 * What is left of a body when its request has been answered is thrown away for so long, then the connection is cut. Cutting at once
 * could keep the answer from a client that is still sending.
 */
export const UNREAD_BODY_TIMEOUT_MS = 2_000;
/** Ids have at most 128 characters, each at most 12 when percent-encoded. */
const PATH_PARAMETER_CHARACTERS_MAX = 128 * 12;

/** Wire contract §1.7: a malformed request. */
const UNROUTABLE = 400004;

export interface FastifyAdapterOptions {
  /** Serves TLS itself; left out where a listener in front hands requests over. */
  readonly https?: ServerOptions;
}

/**
 * Nest on Fastify as the compatible clients need it (wire contract §0, §1): routes without regard to case and to a trailing slash,
 * a raw `:` in a path, JSON bodies that may be empty, `Content-Encoding: utf-8`, and a new UUID per request, answered as
 * `x-ms-request-id` and used as correlation id.
 */
export function createFastifyAdapter(options: FastifyAdapterOptions = {}): FastifyAdapter {
  const adapter = new JsonFastifyAdapter({
    ...(options.https === undefined ? {} : { https: options.https }),
    routerOptions: {
      caseSensitive: false,
      ignoreTrailingSlash: true,
      maxParamLength: PATH_PARAMETER_CHARACTERS_MAX,
    },
    bodyLimit: BODY_BYTES_MAX,
    genReqId: () => randomUUID(),
    frameworkErrors: refuseUnroutable,
  });
  const instance = adapter.getInstance<FastifyInstance>();
  instance.addHook('onRequest', (request, reply, done) => {
    reply.header('x-ms-request-id', request.id);
    done();
  });
  instance.addHook('onResponse', (request, _reply, done) => {
    endUnreadBody(request.raw);
    done();
  });
  return adapter;
}

function endUnreadBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const cut = setTimeout(() => request.destroy(), UNREAD_BODY_TIMEOUT_MS).unref();
  request.once('close', () => clearTimeout(cut));
}

/** What cannot be routed (a malformed or endless path) meets neither hooks nor filters: the documented error is made here. */
function refuseUnroutable(_error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const body = {
    errorCode: UNROUTABLE,
    trackingId: request.id,
    message: 'The path is malformed or too long.',
    timestampUtc: new Date().toISOString(),
  };
  void reply
    .status(400)
    .header('content-type', 'application/json; charset=utf-8')
    .header('x-ms-request-id', request.id)
    .header('x-ms-error-code', String(UNROUTABLE))
    .send(JSON.stringify(body));
}

const JSON_CONTENT_TYPE = /^(application\/([a-z0-9.-]+\+)?json|text\/json)\b/i;

/** Takes JSON in every disguise clients use, and nothing else. */
class JsonFastifyAdapter extends FastifyAdapter {
  private parsesJson = false;

  override registerParserMiddleware(): void {
    if (this.parsesJson) return;
    this.parsesJson = true;
    const instance = this.getInstance<FastifyInstance>();
    // Keys such as `__proto__` are refused, not dropped: what is stored is what was sent.
    const parseJson = instance.getDefaultJsonParser('error', 'error') as FastifyBodyParser<string>;
    instance.removeAllContentTypeParsers();
    instance.addContentTypeParser<string>('*', { parseAs: 'string' }, (request, body, done) => {
      if (body.trim() === '') done(null, undefined);
      else if (!JSON_CONTENT_TYPE.test(request.headers['content-type'] ?? 'application/json')) {
        done(new UnsupportedMediaTypeException('The content type must be application/json.'));
      } else {
        void parseJson(request, body, (error, value: unknown) => {
          const problem = error === null ? jsonProblem(value) : undefined;
          done(problem === undefined ? error : new BadRequestException(problem), value);
        });
      }
    });
  }
}
