import { Body, Controller, Delete, Get, HttpCode, Inject, Logger, Post, Req, Res, UseFilters } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../management/problem';
import { ProblemFilter } from '../management/problem.filter';
import type { AccessControl, Right } from '../operators/access';
import { DpsError } from '../shared/dps-error';
import type { SecretBox } from '../shared/secret-box';
import { ACCESS_CONTROL, CLOCK, SECRET_BOX } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { SESSION_COOKIE, SIGN_IN_COOKIE, clearCookie, cookieIn, setCookie } from './cookies';
import type { SignedIn } from './current-rights';
import { DASHBOARD_SETTINGS } from './dashboard-settings';
import type { DashboardSettings } from './dashboard-settings';
import { FailedSignIns } from './failed-sign-ins';
import { OidcSignIns, SIGN_IN_TIMEOUT_MS } from './oidc';
import { OidcRefused } from './oidc.rules';
import type { SignInFailure } from './oidc.rules';
import { returnAddress } from './return-address';
import { isFromHere } from './same-origin';
import { isSame } from './session-id';
import { CSRF_HEADER, LIFETIME_MS, Session, Sessions } from './sessions';

const TOKEN_CHARACTERS_MAX = 512;
const QUERY_CHARACTERS_MAX = 8_192;
const CALLBACK_PATH = '/dashboard/oidc/callback';

interface SessionAnswer {
  readonly name: string;
  readonly rights: readonly Right[];
  /** To be sent as the header `x-rehome-csrf` with every call. */
  readonly csrfToken: string;
  readonly endsAt: string;
}

/** Signing in to the dashboard and out again; the rest of it is files and /api/v1. */
@ApiExcludeController()
@Controller('dashboard')
@UseFilters(ProblemFilter)
export class DashboardSessionController {
  private readonly logger = new Logger('dashboard');
  private readonly oidc: OidcSignIns | undefined;

  constructor(
    private readonly sessions: Sessions,
    private readonly failures: FailedSignIns,
    @Inject(ACCESS_CONTROL) private readonly access: AccessControl,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SECRET_BOX) secretBox: SecretBox,
    @Inject(DASHBOARD_SETTINGS) { oidc }: DashboardSettings,
  ) {
    this.oidc = oidc === undefined ? undefined : new OidcSignIns(oidc, secretBox.deriveKey('dashboard sign-in'));
  }

  /** How one may sign in here; asked by the sign-in page. */
  @Get('sign-in')
  ways(@Res({ passthrough: true }) reply: FastifyReply): { readonly oidc: boolean } {
    reply.header('cache-control', 'no-store');
    return { oidc: this.oidc !== undefined };
  }

  @Get('session')
  async current(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<SessionAnswer> {
    const session = await this.sessions.find(request.headers, this.clock());
    if (session === undefined) throw DpsError.unauthorized('nobody is signed in');
    reply.header('cache-control', 'no-store');
    return answerOf(session);
  }

  /** By an operator's bearer token, which is sent this once and not kept. */
  @Post('session')
  @HttpCode(201)
  async signIn(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionAnswer> {
    const now = this.clock();
    this.refuseStrangers(request, now);
    const token = (body as { token?: unknown } | null | undefined)?.token;
    if (typeof token !== 'string' || token === '' || token.length > TOKEN_CHARACTERS_MAX) {
      throw ProblemError.invalidRequest(`token must be a text of at most ${TOKEN_CHARACTERS_MAX} characters.`);
    }
    const operator = this.access.operatorWith(token);
    if (operator === undefined) {
      this.failures.note(request.ip, now);
      throw DpsError.unauthorized('sign-in: the bearer token is unknown');
    }
    return answerOf(await this.begin({ name: operator.name, claims: null }, request, reply, now));
  }

  @Delete('session')
  @HttpCode(204)
  async signOut(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    const session = await this.sessions.find(request.headers, this.clock());
    if (session !== undefined) {
      const isOurs = isFromHere(request.method, request.headers) && isSame(request.headers[CSRF_HEADER], session.csrfToken);
      if (!isOurs) throw DpsError.unauthorized('sign-out: the request comes from another page');
      await this.sessions.end(request.headers);
    }
    reply.header('set-cookie', clearCookie(SESSION_COOKIE, 'Strict'));
  }

  @Get('oidc/start')
  async startOidc(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const now = this.clock();
    try {
      const returnTo = returnAddress((request.query as { to?: unknown }).to);
      const { cookie, location } = await this.provider().begin(callbackOf(request), returnTo, now);
      const line = setCookie(SIGN_IN_COOKIE, cookie, 'Lax', SIGN_IN_TIMEOUT_MS / 1_000);
      await reply.header('set-cookie', line).header('cache-control', 'no-store').redirect(location, 302);
    } catch (error) {
      await this.backToSignIn(error, reply);
    }
  }

  @Get('oidc/callback')
  async finishOidc(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const now = this.clock();
    try {
      const query = request.url.split('?', 2)[1] ?? '';
      if (query.length > QUERY_CHARACTERS_MAX) throw new OidcRefused('the answer of the provider is too long');
      const cookie = cookieIn(request.headers.cookie, SIGN_IN_COOKIE);
      const { person, returnTo } = await this.provider().finish(cookie, callbackOf(request), query, now);
      await this.begin(person, request, reply, now);
      await reply.header('cache-control', 'no-store').redirect(returnTo, 302);
    } catch (error) {
      await this.backToSignIn(error, reply);
    }
  }

  private provider(): OidcSignIns {
    if (this.oidc === undefined) throw new OidcRefused('no provider is configured', 'provider');
    return this.oidc;
  }

  /** People see a page again, not a problem document; why is in the log. */
  private async backToSignIn(error: unknown, reply: FastifyReply): Promise<void> {
    if (!(error instanceof OidcRefused)) throw error;
    this.logger.warn({ problem: 'sign-in', reason: error.message });
    const failure: SignInFailure = error.failure;
    await reply.header('cache-control', 'no-store').redirect(`/dashboard/?sign-in=${failure}`, 302);
  }

  private refuseStrangers(request: FastifyRequest, now: Date): void {
    if (!isFromHere(request.method, request.headers)) throw DpsError.unauthorized('sign-in: it comes from another page');
    const waitMs = this.failures.waitMs(request.ip, now);
    if (waitMs === 0) return;
    const seconds = Math.ceil(waitMs / 1_000);
    throw new ProblemError(429, 'too-many-requests', 'Too many requests', `Too many sign-ins failed; try again in ${seconds} s.`);
  }

  private async begin(signedIn: SignedIn, request: FastifyRequest, reply: FastifyReply, now: Date): Promise<Session> {
    // A new id at each sign-in, so that one which somebody planted is worth nothing.
    await this.sessions.end(request.headers);
    const started = await this.sessions.start(signedIn, now);
    if (started === undefined) throw DpsError.unauthorized('sign-in: there is no such operator');
    const { id, session } = started;
    this.logger.log({ operator: signedIn.name, event: 'signed in' });
    reply.header('cache-control', 'no-store');
    reply.header('set-cookie', [
      setCookie(SESSION_COOKIE, id, 'Strict', LIFETIME_MS / 1_000),
      clearCookie(SIGN_IN_COOKIE, 'Lax'),
    ]);
    return session;
  }
}

function answerOf(session: Session): SessionAnswer {
  const { name, csrfToken, endsAt } = session;
  return { name, rights: [...session.rights], csrfToken, endsAt: endsAt.toISOString() };
}

/** As registered at the provider; the same when a sign-in begins and when it ends. */
function callbackOf(request: FastifyRequest): string {
  return `https://${request.host}${CALLBACK_PATH}`;
}
