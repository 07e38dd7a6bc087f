import type { FastifyReply } from 'fastify';
import { RequestContext } from '../shared/request-context';

/** Longest list of tags looked at. */
const IF_NONE_MATCH_CHARACTERS_MAX = 1_024;

/** Whether If-None-Match names the tag; compared weakly, as RFC 9110 wants it for this header. */
export function isUnchanged(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined || ifNoneMatch.length > IF_NONE_MATCH_CHARACTERS_MAX) return false;
  return ifNoneMatch
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''))
    .some((tag) => tag === '*' || tag === etag);
}

/** Sets the ETag; answers 304 without a body where the caller has this version already. `etag` has its quotation marks. */
export function answerConditionally<Body>(
  reply: FastifyReply,
  ifNoneMatch: string | undefined,
  etag: string,
  body: Body,
): Body | undefined {
  reply.header('etag', etag).header('cache-control', 'private, no-cache');
  if (!isUnchanged(ifNoneMatch, etag)) return body;
  reply.status(304);
  return undefined;
}

export interface WriteHeaders {
  readonly position: string;
  readonly etag?: string;
}

/** What every write answers with, so that the caller can go on from it. */
export function writeHeaders(reply: FastifyReply, caller: RequestContext, { position, etag }: WriteHeaders): void {
  reply.header('x-rehome-position', position).header('x-ms-request-id', caller.correlationId);
  if (etag !== undefined) reply.header('etag', etag);
}
