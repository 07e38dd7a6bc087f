import { Controller, Get, UseGuards } from '@nestjs/common';
import { NestFastifyApplication, FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { RequestContext } from '../shared/request-context';
import { DpsErrorFilter } from '../shared/dps-error.filter';
import { ACCESS_CONTROL, CLOCK } from '../shared/tokens';
import { PolicyAccessControl } from './access-control';
import { Caller, RequireRight, RightGuard } from './require-right.guard';

@Controller('guarded')
@RequireRight('EnrollmentRead')
class GuardedController {
  @Get('read')
  read(@Caller() caller: RequestContext): RequestContext {
    return caller;
  }

  @Get('write')
  @RequireRight('EnrollmentWrite')
  write(): string {
    return 'written';
  }
}

@Controller('open')
class CarelessController {
  @Get('nameless')
  @UseGuards(RightGuard)
  nameless(): string {
    return 'nobody should read this';
  }

  @Get('unguarded')
  unguarded(@Caller() caller: RequestContext): RequestContext {
    return caller;
  }
}

describe('the guard of rights', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    const operators = [{ name: 'ann', token: 'a-token-of-ann', rights: ['EnrollmentRead'] as const }];
    const testing = await Test.createTestingModule({
      controllers: [GuardedController, CarelessController],
      providers: [
        { provide: ACCESS_CONTROL, useValue: new PolicyAccessControl({ hostNames: ['localhost'], policies: [], operators }) },
        { provide: CLOCK, useValue: () => new Date() },
      ],
    }).compile();
    app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
    app.useLogger(false);
    app.useGlobalFilters(new DpsErrorFilter());
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterAll(() => app.close());

  const get = (url: string, authorization = 'Bearer a-token-of-ann') => app.inject({ url, headers: { authorization } });

  it('lets in who has the right, and says who that is', async () => {
    const answer = await get('/guarded/read');
    expect(answer.json()).toMatchObject({ actor: { kind: 'operator', name: 'ann' } });
  });

  it('asks for the right of the route before that of the controller', async () => {
    const answer = await get('/guarded/write');
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toMatchObject({ errorCode: 403000, message: 'This needs the right EnrollmentWrite.' });
  });

  it.each(['', 'Bearer another', 'Bearer', 'Basic a-token-of-ann'])('refuses the authorization %p', async (authorization) => {
    expect((await get('/guarded/read', authorization)).statusCode).toBe(401);
  });

  it('keeps a route closed that names no right, and one that asks for its caller without a guard', async () => {
    expect((await get('/open/nameless')).statusCode).toBe(401);
    expect((await get('/open/unguarded')).statusCode).toBe(401);
  });
});
