import {
  applyDecorators,
  CanActivate,
  createParamDecorator,
  ExecutionContext,
  Inject,
  Injectable,
  Optional,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DpsError } from '../shared/dps-error';
import { RequestContext } from '../shared/request-context';
import { ACCESS_CONTROL, CLOCK } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import type { AccessControl, AccessVerdict, Right } from './access';
import { SESSION_ACCESS } from './session-access';
import type { SessionAccess } from './session-access';

const RIGHT = 'rehome:right';

interface Admission {
  readonly right: Right;
  readonly caller: RequestContext;
}

/** Who was let in, by request; gone with the request. */
const admitted = new WeakMap<object, Admission>();

/**
 * Lets a request in when its `Authorization`, or without one the session of its cookie, grants the route's right; otherwise throws `DpsError` 401002, which says nothing on
 * the wire and the reason in the log, or 403000 to an operator who is known and lacks the right. A route that names no right is closed.
 */
@Injectable()
export class RightGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(ACCESS_CONTROL) private readonly access: AccessControl,
    @Inject(CLOCK) private readonly clock: Clock,
    @Optional() @Inject(SESSION_ACCESS) private readonly sessions?: SessionAccess,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const right = this.reflector.getAllAndOverride<Right | undefined>(RIGHT, [context.getHandler(), context.getClass()]);
    if (right === undefined) throw DpsError.unauthorized('the route names no right');
    const http = context.switchToHttp();
    await this.admit(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), right);
    return true;
  }

  /** Decides once for a request: as a rule by `RightsBeforeBodies`, after which the guard finds it decided. Error: `DpsError`. */
  async admit(request: FastifyRequest, response: FastifyReply, right: Right): Promise<void> {
    if (admitted.get(request)?.right === right) return;
    const verdict = await this.verdict(request, response, right);
    if (!verdict.granted) throw refusal(verdict);
    admitted.set(request, { right, caller: { actor: verdict.actor, correlationId: request.id } });
  }

  private async verdict(request: FastifyRequest, response: FastifyReply, right: Right): Promise<AccessVerdict> {
    const { authorization } = request.headers;
    const bySession = authorization === undefined ? await this.sessions?.authorize(request, right, this.clock()) : undefined;
    if (bySession?.granted === true) this.sessions?.accompany(request, response.raw);
    return bySession ?? this.access.authorize(authorization, right, this.clock());
  }
}

function refusal({ reason, missing }: Extract<AccessVerdict, { granted: false }>): DpsError {
  return missing === undefined ? DpsError.unauthorized(reason) : DpsError.missingRight(missing, reason);
}

/** The right that a route or a whole controller needs (wire contract §4.8). */
export const RequireRight = (right: Right): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(RIGHT, right), UseGuards(RightGuard), nameInRoutes(right));

/** The framework tells a hook of a route only what the route's own method says, so a controller's right is written to its methods. */
function nameInRoutes(right: Right): MethodDecorator & ClassDecorator {
  const name = RouteConfig({ [RIGHT]: right });
  return (target: object, _key?: string | symbol, method?: { readonly value?: unknown }): void => {
    if (method !== undefined) return void name(method.value as () => unknown);
    const { prototype } = target as { readonly prototype: object };
    for (const { value } of Object.values<{ readonly value?: unknown }>(Object.getOwnPropertyDescriptors(prototype))) {
      // Those of their own have been named already: decorators of methods come before those of their class.
      if (typeof value === 'function' && !Reflect.hasMetadata(RIGHT, value)) name(value as () => unknown);
    }
  };
}

/** What the route of a request was named with; undefined for one that is open to all. */
export function rightOf(request: FastifyRequest): Right | undefined {
  return (request.routeOptions.config as { readonly [RIGHT]?: Right })[RIGHT];
}

/** Parameter of a guarded route: the `RequestContext` of whoever was let in; `correlationId` is the request's `x-ms-request-id`. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext): RequestContext => {
  const admission = admitted.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (admission === undefined) throw DpsError.unauthorized('the route is not guarded');
  return admission.caller;
});
