import { applyDecorators, CanActivate, ExecutionContext, Injectable, UseGuards } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { compareApiVersions, deviceApiVersions, isDeviceApiVersion } from '../registrations/api-version';
import { DpsError } from '../shared/dps-error';
import { Right } from './access';
import { RequireRight } from './require-right.guard';

/** The Service API begins with this version (wire contract §4). */
const FIRST = '2018-04-01';
const supported = deviceApiVersions.filter((version) => compareApiVersions(version, FIRST) >= 0);

/** Lets a request in that names a supported `api-version`; otherwise `DpsError` 400004 with the list of them. */
@Injectable()
export class ServiceApiVersionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { query } = context.switchToHttp().getRequest<FastifyRequest<{ Querystring: Record<string, unknown> }>>();
    const version = query['api-version'];
    if (typeof version !== 'string' || !isDeviceApiVersion(version) || compareApiVersions(version.toLowerCase(), FIRST) < 0) {
      throw DpsError.badRequest(`api-version is missing or not supported; supported are ${supported.join(', ')}`);
    }
    return true;
  }
}

/** A route of the Service API: first the right, then the version, so that strangers learn nothing. */
export const ServiceOperation = (right: Right): MethodDecorator =>
  applyDecorators(RequireRight(right), UseGuards(ServiceApiVersionGuard));
