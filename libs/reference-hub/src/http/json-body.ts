import type { FastifyBodyParser, FastifyInstance } from 'fastify';
import { HubError } from '../hub-error';

/** The whole twin of a move with all its metadata is the largest body there is. */
export const BODY_BYTES_MAX = 2 * 1024 * 1024;
/** Twins end at 10 levels; recursive code behind the edge must never meet a tower of brackets. */
export const JSON_DEPTH_MAX = 32;

const JSON_CONTENT_TYPE = /^(application\/([a-z0-9.-]+\+)?json|text\/json)\b/i;

/** Bodies are JSON or empty, whatever the content encoding claims; keys such as `__proto__` are refused, not dropped. */
export function registerJsonBody(instance: FastifyInstance): void {
  const parseJson = instance.getDefaultJsonParser('error', 'error') as FastifyBodyParser<string>;
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser<string>('*', { parseAs: 'string' }, (request, body, done) => {
    if (body.trim() === '') {
      done(null, undefined);
    } else if (!JSON_CONTENT_TYPE.test(request.headers['content-type'] ?? 'application/json')) {
      done(new HubError('IotHubFormatError', 'the content type must be application/json'));
    } else if (isTooDeep(body)) {
      done(new HubError('ArgumentInvalid', `the body is nested deeper than ${JSON_DEPTH_MAX} levels`));
    } else {
      void parseJson(request, body, (error, value: unknown) => {
        if (error === null) done(null, value);
        else done(new HubError('IotHubFormatError', 'the body is not JSON that can be read'));
      });
    }
  });
}

/** Looks at the text, so that a hostile document is not parsed at all. */
export function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (inString) {
      if (character === BACKSLASH) index++;
      else if (character === QUOTE) inString = false;
    } else if (character === QUOTE) inString = true;
    else if (character === OPEN_BRACE || character === OPEN_BRACKET) {
      if (++depth > JSON_DEPTH_MAX) return true;
    } else if (character === CLOSE_BRACE || character === CLOSE_BRACKET) depth--;
  }
  return false;
}

const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];
