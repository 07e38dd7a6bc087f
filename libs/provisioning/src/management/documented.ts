import { Controller, UseFilters, UsePipes, ValidationPipe, applyDecorators } from '@nestjs/common';
import type { ValidationError } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiResponse, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { PROBLEM_CONTENT_TYPE, ProblemDocument, ProblemError } from './problem';
import { ProblemFilter } from './problem.filter';
import { Schema, schema } from './schemas';

export const MANAGEMENT_PREFIX = 'api/v1';
export const SAS_SECURITY = 'sharedAccessSignature';

const problemSchema: Schema = schema.object<Omit<ProblemDocument, 'errors'>>(
  {
    type: schema.text('A URN that names the kind of problem and never changes.'),
    title: schema.text(),
    status: schema.integer(),
    detail: schema.text(),
    instance: schema.text('The path of the request.'),
    trackingId: schema.text('Finds the request in the log; also the `x-ms-request-id` header.'),
  },
  'RFC 9457',
);

const reasons: Readonly<Record<number, string>> = {
  400: 'Something in the path, the query or the body is not as documented; `errors` lists what.',
  401: 'No credential, or none that is known.',
  403: 'The operator does not have the right; `detail` names it.',
  404: 'There is no such thing.',
  409: 'It contradicts what is there.',
  412: 'The resource is not as the If-Match header says.',
  413: 'The body is over 96 KB.',
  415: 'The body is not JSON.',
  500: 'Our fault.',
  503: 'The read model has not reached `atLeast` within 5 seconds, or a store cannot be reached; try again.',
};

function sentences(errors: readonly ValidationError[], path = ''): string[] {
  return errors.flatMap((error) => [
    ...Object.values(error.constraints ?? {}).map((text) => `${path}${text}`),
    ...sentences(error.children ?? [], `${path}${error.property}.`),
  ]);
}

/** What people and programs send here is checked by class-validator; members nobody asked for are refused. */
const validation = new ValidationPipe({
  transform: true,
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  // An error must not repeat what was sent: a body may hold a connection string.
  validationError: { target: false, value: false },
  exceptionFactory: (errors) => ProblemError.invalidRequest('The request is not as documented.', sentences(errors)),
});

/** A controller under /api/v1: validated input, problem documents, a place in the OpenAPI document. */
export function ManagementController(path: string, tag: string): ClassDecorator {
  return applyDecorators(
    Controller(`${MANAGEMENT_PREFIX}/${path}`),
    UsePipes(validation),
    UseFilters(ProblemFilter),
    ApiTags(tag),
    ApiBearerAuth(),
    ApiSecurity(SAS_SECURITY),
  );
}

export interface Documentation {
  readonly summary: string;
  readonly description?: string;
  /** What a success answers; left out where there is no body. */
  readonly answer?: Schema;
  /** 200 unless said otherwise. */
  readonly status?: number;
  readonly successDescription?: string;
  /** Besides 401, 403 and 500, which any route may answer. */
  readonly errors: readonly number[];
  /** The answer has an ETag and honours If-None-Match. */
  readonly conditional?: boolean;
  /** Honours If-Match and answers with the position of what it wrote. */
  readonly writes?: boolean;
}

const etagHeader = { ETag: { description: 'Changes with the resource.', schema: { type: 'string' as const } } };
const positionHeader = {
  'x-rehome-position': {
    description: 'Where the log stands after this write: send it as `atLeast` to read your own write.',
    schema: { type: 'string' as const },
  },
};

/** Everything the OpenAPI document says of one route, its errors included. */
export function Documented(documentation: Documentation): MethodDecorator {
  const { summary, description, answer, conditional = false, writes = false } = documentation;
  const status = documentation.status ?? (answer === undefined ? 204 : 200);
  const success = {
    status,
    description: documentation.successDescription ?? 'Done.',
    headers: { ...(conditional || (writes && answer !== undefined) ? etagHeader : {}), ...(writes ? positionHeader : {}) },
    ...(answer === undefined ? {} : { content: { 'application/json': { schema: answer } } }),
  };
  const header = (name: string, text: string): MethodDecorator =>
    ApiHeader({ name, required: false, description: text, schema: { type: 'string' } });
  return applyDecorators(
    ApiOperation({ summary, ...(description === undefined ? {} : { description }) }),
    ApiResponse(success),
    ...(conditional ? [ApiResponse({ status: 304, description: 'Not changed since the ETag in If-None-Match.' })] : []),
    ...(conditional ? [header('If-None-Match', 'An ETag got before; answers 304 when it still holds.')] : []),
    ...(writes ? [header('If-Match', 'An ETag got before, or `*`; answers 412 when it does not hold any more.')] : []),
    ...[...new Set([401, 403, ...documentation.errors, 500])].sort().map((code) =>
      ApiResponse({
        status: code,
        description: reasons[code] ?? 'An error.',
        content: { [PROBLEM_CONTENT_TYPE]: { schema: problemSchema } },
      }),
    ),
  );
}
