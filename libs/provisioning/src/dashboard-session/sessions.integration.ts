import { EventEmitter } from 'node:events';
import { PgReadDatabase, Pool, migrate, openPool } from '@app/postgres';
import { TestDatabase, createTestDatabase } from '@test/support/postgres';
import { Right } from '../operators/access';
import { PolicyAccessControl } from '../operators/access-control';
import { SESSION_COOKIE } from './cookies';
import { CurrentRights, SignedIn } from './current-rights';
import { OidcSettings } from './oidc.rules';
import { digestOf } from './session-id';
import {
  CSRF_HEADER,
  IDLE_TIMEOUT_MS,
  LIFETIME_MS,
  SESSIONS_MAX,
  SESSIONS_OF_OPERATOR_MAX,
  Session,
  Sessions,
  USED_AGAIN_MS,
} from './sessions';
import { deleteOldSessions } from './sessions.queries';
import { DASHBOARD_SCHEMA, SESSIONS_TABLE, dashboardMigrations } from './sessions.store';

const start = new Date('2026-03-01T08:00:00.000Z');
const after = (ms: number): Date => new Date(start.getTime() + ms);
const ann: SignedIn = { name: 'ann', claims: null };
const alice: SignedIn = { name: 'alice@example.com', claims: ['groups=staff', 'groups=movers'] };
const provider: OidcSettings = {
  issuer: 'https://identity.example',
  clientId: 'rehome',
  clientSecret: 'secret',
  scope: 'openid',
  nameClaim: 'email',
  requiredClaim: { name: 'groups', value: 'staff' },
  roleClaim: 'groups',
  roles: [{ value: 'movers', role: 'operator' }],
};

interface Setup {
  readonly token?: string;
  readonly rights?: readonly Right[];
  readonly oidc?: OidcSettings | undefined;
  readonly operators?: readonly string[];
}

class Answer extends EventEmitter {
  destroyed = false;

  destroy(): void {
    this.destroyed = true;
  }
}

let test: TestDatabase;
let pool: Pool;
let database: PgReadDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
  pool = openPool(test.config, { applicationName: 'sessions-test', max: 4 });
  database = new PgReadDatabase(pool);
  await migrate(pool, DASHBOARD_SCHEMA, dashboardMigrations);
});
beforeEach(() => pool.query(`truncate ${SESSIONS_TABLE}`));
afterAll(async () => {
  await pool.end();
  await test.drop();
});

/** As another process, or this one after a restart, with a configuration of its own. */
function process({ token = 'a-token-of-ann', rights = ['EnrollmentRead'], oidc = provider, operators = ['ann'] }: Setup = {}) {
  const known = operators.map((name) => ({ name, token: name === 'ann' ? token : `a-token-of-${name}`, rights }));
  const access = new PolicyAccessControl({ hostNames: ['localhost'], policies: [], operators: known });
  return new Sessions(database, new CurrentRights(access, { directory: '', oidc }));
}

async function begun(sessions: Sessions, who = ann, at = start): Promise<{ cookie: string; id: string; session: Session }> {
  const made = await sessions.start(who, at);
  if (made === undefined) throw new Error('nobody is signed in');
  return { ...made, cookie: `${SESSION_COOKIE}=${made.id}` };
}

describe('a session', () => {
  it('grants the rights of whoever signed in, under that name, and says which is missing', async () => {
    const sessions = process();
    const { cookie, session } = await begun(sessions);
    const request = { method: 'GET', headers: { cookie, [CSRF_HEADER]: session.csrfToken } };
    expect(await sessions.authorize(request, 'EnrollmentRead', start)).toEqual({
      granted: true,
      actor: { kind: 'operator', name: 'ann' },
    });
    const refused = await sessions.authorize(request, 'EnrollmentWrite', start);
    expect(refused).toMatchObject({ granted: false, missing: 'EnrollmentWrite' });
  });

  it('grants nothing without the token that only its page knows', async () => {
    const sessions = process();
    const { cookie, session } = await begun(sessions);
    for (const given of [undefined, '', `${session.csrfToken}x`, session.csrfToken.slice(1)]) {
      const headers = given === undefined ? { cookie } : { cookie, [CSRF_HEADER]: given };
      const verdict = await sessions.authorize({ method: 'GET', headers }, 'EnrollmentRead', start);
      expect(verdict).toMatchObject({ granted: false });
      expect(verdict).not.toHaveProperty('missing');
    }
  });

  it('has no say where no cookie names one, and refuses where the cookie names none that is known', async () => {
    const sessions = process();
    expect(await sessions.authorize({ method: 'GET', headers: {} }, 'EnrollmentRead', start)).toBeUndefined();
    for (const id of ['unknown', 'x'.repeat(43), '']) {
      const headers = { cookie: `${SESSION_COOKIE}=${id}` };
      expect(await sessions.authorize({ method: 'GET', headers }, 'EnrollmentRead', start)).toMatchObject({ granted: false });
    }
  });

  it('changes nothing for a page of another origin', async () => {
    const sessions = process();
    const { cookie, session } = await begun(sessions);
    const headers = { cookie, [CSRF_HEADER]: session.csrfToken, host: 'rehome.example:8443' };
    const put = (origin?: string) => {
      const request = { method: 'PUT', headers: origin === undefined ? headers : { ...headers, origin } };
      return sessions.authorize(request, 'EnrollmentRead', start);
    };
    expect(await put('https://rehome.example:8443')).toMatchObject({ granted: true });
    for (const origin of ['https://rehome.example', 'http://rehome.example:8443', 'https://evil.example', 'null', undefined]) {
      expect(await put(origin)).toMatchObject({ granted: false });
    }
    const crossSite = { method: 'GET', headers: { ...headers, 'sec-fetch-site': 'cross-site' } };
    expect(await sessions.authorize(crossSite, 'EnrollmentRead', start)).toMatchObject({ granted: false });
  });

  it('ends when nothing asks with it for long, and at last however busy it is', async () => {
    const sessions = process();
    const idle = await begun(sessions);
    expect(await sessions.find({ cookie: idle.cookie }, after(IDLE_TIMEOUT_MS - 1))).toBeDefined();
    expect(await sessions.find({ cookie: idle.cookie }, after(2 * IDLE_TIMEOUT_MS - 1))).toBeUndefined();

    const busy = await begun(sessions);
    for (let ms = 0; ms < LIFETIME_MS; ms += IDLE_TIMEOUT_MS / 2) {
      expect(await sessions.find({ cookie: busy.cookie }, after(ms))).toBeDefined();
    }
    expect(await sessions.find({ cookie: busy.cookie }, after(LIFETIME_MS))).toBeUndefined();
  });

  it('costs a write once in a while, not at every request', async () => {
    const sessions = process();
    const { cookie } = await begun(sessions);
    const version = async (): Promise<string> => {
      const { rows } = await pool.query<{ version: string }>(`select xmin::text as version from ${SESSIONS_TABLE}`);
      return rows[0]?.version ?? '';
    };
    const first = await version();
    await sessions.find({ cookie }, after(USED_AGAIN_MS - 1));
    expect(await version()).toBe(first);
    await sessions.find({ cookie }, after(USED_AGAIN_MS));
    expect(await version()).not.toBe(first);
  });

  it('gives way, when there are too many, if it was used longest ago', async () => {
    const sessions = process();
    const [first, second] = [await begun(sessions), await begun(sessions)];
    expect(await sessions.find({ cookie: first.cookie }, after(USED_AGAIN_MS))).toBeDefined();
    for (let more = 0; more < SESSIONS_OF_OPERATOR_MAX - 1; more++) await begun(sessions, ann, after(USED_AGAIN_MS + 1));
    expect(await sessions.find({ cookie: second.cookie }, after(USED_AGAIN_MS + 2))).toBeUndefined();
    expect(await sessions.find({ cookie: first.cookie }, after(USED_AGAIN_MS + 2))).toBeDefined();
  });

  it('does not give way to those of another operator, unless all together are too many', async () => {
    const sessions = process();
    const mine = await begun(sessions);
    for (let more = 0; more < SESSIONS_OF_OPERATOR_MAX; more++) await begun(sessions, alice, after(1));
    expect(await sessions.find({ cookie: mine.cookie }, after(2))).toBeDefined();
    await pool.query(
      `insert into ${SESSIONS_TABLE} select 'other ' || n, 'other ' || n, null, '', $1, $1 from generate_series(1, $2::int) n`,
      [after(1), SESSIONS_MAX],
    );
    await begun(sessions, alice, after(2));
    expect(await sessions.find({ cookie: mine.cookie }, after(2))).toBeUndefined();
    const { rows } = await pool.query<{ count: string }>(`select count(*) from ${SESSIONS_TABLE}`);
    expect(Number(rows[0]?.count)).toBeLessThanOrEqual(SESSIONS_MAX);
  });

  it('is deleted when it is over', async () => {
    const sessions = process();
    await begun(sessions);
    const late = await begun(sessions, ann, after(IDLE_TIMEOUT_MS / 2));
    await deleteOldSessions(database, { usedAt: start, startedAt: after(-LIFETIME_MS) });
    const { rows } = await pool.query(`select id_digest from ${SESSIONS_TABLE}`);
    expect(rows).toEqual([{ id_digest: digestOf(late.id) }]);
  });
});

describe('sessions in several processes, and after a restart', () => {
  it('are known to all, and end in all', async () => {
    const [one, other] = [process(), process()];
    const { cookie, session } = await begun(one);
    expect(await other.find({ cookie }, after(1))).toEqual({ ...session, endsAt: expect.any(Date) as Date });
    await other.end({ cookie });
    expect(await one.find({ cookie }, after(2))).toBeUndefined();
  });

  it('cut the answers that are under way when they end, here at once and elsewhere soon, and no others', async () => {
    const [one, other] = [process(), process()];
    const [mine, others] = [await begun(one), await begun(one)];
    const answers = { here: new Answer(), done: new Answer(), elsewhere: new Answer(), others: new Answer() };
    const reading = (sessions: Sessions, cookie: string, answer: Answer): void =>
      sessions.accompany({ method: 'GET', headers: { cookie } }, answer);
    reading(one, mine.cookie, answers.here);
    reading(one, mine.cookie, answers.done);
    reading(other, mine.cookie, answers.elsewhere);
    reading(other, others.cookie, answers.others);
    answers.done.emit('close');
    await one.end({ cookie: mine.cookie });
    await other.cutEnded(after(1));
    const cut = Object.entries(answers).flatMap(([name, { destroyed }]) => (destroyed ? [name] : []));
    expect(cut).toEqual(['here', 'elsewhere']);
    await other.cutEnded(after(IDLE_TIMEOUT_MS));
    expect(answers.others.destroyed).toBe(true);
  });

  it('grant what the operator has now, and nothing when there is no such operator any more', async () => {
    const { cookie } = await begun(process({ rights: ['EnrollmentRead', 'EnrollmentWrite'] }));
    const less = await process({ rights: ['EnrollmentRead'] }).find({ cookie }, after(1));
    expect([...(less?.rights ?? [])]).toEqual(['EnrollmentRead']);
    expect(await process({ operators: ['bob'] }).find({ cookie }, after(1))).toBeUndefined();
  });

  it('end with the token that they were begun with', async () => {
    const { cookie } = await begun(process());
    expect(await process({ token: 'another-token-of-ann' }).find({ cookie }, after(1))).toBeUndefined();
  });

  it('of people whom a provider vouched for grant what their claims do now', async () => {
    const { cookie, session } = await begun(process(), alice);
    expect([...session.rights]).toContain('RegistrationStatusWrite');
    const rightsWith = async (oidc: OidcSettings): Promise<readonly Right[] | undefined> => {
      const found = await process({ oidc }).find({ cookie }, after(1));
      return found === undefined ? undefined : [...found.rights];
    };
    const auditor: OidcSettings = { ...provider, roles: [{ value: 'movers', role: 'auditor' }] };
    expect(await rightsWith(auditor)).not.toContain('RegistrationStatusWrite');
    expect(await rightsWith({ ...provider, roles: [{ value: 'others', role: 'operator' }] })).toBeUndefined();
    expect(await rightsWith({ ...provider, requiredClaim: { name: 'groups', value: 'others' } })).toBeUndefined();
    expect(await rightsWith({ ...provider, clientSecret: 'another' })).toBeUndefined();
  });

  it('of a provider are nobody where none is configured', async () => {
    const { cookie } = await begun(process(), alice);
    const access = new PolicyAccessControl({ hostNames: [], policies: [], operators: [] });
    const without = new Sessions(database, new CurrentRights(access, { directory: '', oidc: undefined }));
    expect(await without.find({ cookie }, after(1))).toBeUndefined();
  });
});

describe('a stolen row', () => {
  it('is no session, and tells neither the token of the operator nor that of the page', async () => {
    const sessions = process();
    const { id, session } = await begun(sessions);
    const { rows } = await pool.query<Record<string, unknown>>(`select * from ${SESSIONS_TABLE}`);
    const row = rows[0] ?? {};
    for (const secret of [id, session.csrfToken, 'a-token-of-ann']) expect(JSON.stringify(row)).not.toContain(secret);
    for (const column of [row.id_digest, row.proof]) {
      expect(await sessions.find({ cookie: `${SESSION_COOKIE}=${String(column)}` }, after(1))).toBeUndefined();
    }
  });

  it('can neither be made nor raised by who can write the table but knows no credential', async () => {
    const sessions = process();
    const { id, cookie } = await begun(sessions, alice);
    await pool.query(`update ${SESSIONS_TABLE} set name = 'ann', claims = null`);
    expect(await sessions.find({ cookie }, after(1))).toBeUndefined();
    await pool.query(`update ${SESSIONS_TABLE} set name = $1, claims = $2`, [alice.name, ['groups=staff', 'groups=admins']]);
    const raised = process({ oidc: { ...provider, roles: [{ value: 'admins', role: 'administrator' }] } });
    expect(await raised.find({ cookie: `${SESSION_COOKIE}=${id}` }, after(1))).toBeUndefined();
  });
});
