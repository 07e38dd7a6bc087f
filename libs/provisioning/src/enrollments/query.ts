import { IsString, MaxLength } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { validated } from '../shared/validated';
import { CatalogPage } from './enrollment.catalog';
import { EnrollmentDocument, enrollmentDocument } from './enrollment.document';

const QUERY_CHARACTERS_MAX = 4_096;

class QueryDto {
  @IsString() @MaxLength(QUERY_CHARACTERS_MAX) readonly query!: string;
}

/**
 * Answer of `POST …/query` (wire contract §4.7). The text of the query is taken and not looked into: the cloud service passes over
 * its conditions, and clients send anything from a SELECT to a lone `*`.
 */
export async function queryAnswer(
  body: unknown,
  itemType: 'enrollment' | 'enrollmentGroup',
  reply: FastifyReply,
  list: () => Promise<CatalogPage>,
): Promise<readonly EnrollmentDocument[]> {
  validated(QueryDto, body);
  const { views, pageSize, continuation } = await list();
  reply.header('x-ms-item-type', itemType).header('x-ms-max-item-count', String(pageSize));
  if (continuation !== undefined) reply.header('x-ms-continuation', continuation);
  return views.map((view) => enrollmentDocument(view));
}
