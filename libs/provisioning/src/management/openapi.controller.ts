import { All, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { RequireRight } from '../operators/require-right.guard';
import { Documented, ManagementController } from './documented';
import { OpenApiDocument } from './openapi';
import { ProblemError } from './problem';
import { schema } from './schemas';

@ManagementController('openapi.json', 'This document')
@RequireRight('RegistrationStatusRead')
export class OpenApiController {
  constructor(private readonly openApi: OpenApiDocument) {}

  @Get()
  @Documented({ summary: 'This document', answer: schema.anyObject('OpenAPI 3.1'), errors: [] })
  get(): OpenAPIObject {
    return this.openApi.document;
  }
}

/** Whatever else is asked under /api/v1, so that the answer is a problem document as well. */
@ApiExcludeController()
@ManagementController('', 'Unknown')
@RequireRight('RegistrationStatusRead')
export class UnknownRouteController {
  @All('*')
  refuse(): never {
    throw ProblemError.notFound('There is no such route, or not with this method; see /api/v1/openapi.json.');
  }
}
