import { EventEmitter } from 'node:events';
import { SESSION_COOKIE } from './cookies';
import { CSRF_HEADER, IDLE_TIMEOUT_MS, LIFETIME_MS, SESSIONS_MAX, Sessions } from './sessions';

const start = new Date('2026-03-01T08:00:00.000Z');
const after = (ms: number): Date => new Date(start.getTime() + ms);
const ann = { name: 'ann', rights: new Set(['EnrollmentRead'] as const) };

function signedIn(): { sessions: Sessions; cookie: string; token: string } {
  const sessions = new Sessions();
  const { id, session } = sessions.start(ann, start);
  return { sessions, cookie: `${SESSION_COOKIE}=${id}`, token: session.csrfToken };
}

class Answer extends EventEmitter {
  cut = false;

  destroy(): void {
    this.cut = true;
  }
}

describe('a session', () => {
  it('grants the rights of whoever signed in, under that name', () => {
    const { sessions, cookie, token } = signedIn();
    const request = { method: 'GET', headers: { cookie, [CSRF_HEADER]: token } };
    expect(sessions.authorize(request, 'EnrollmentRead', start)).toEqual({
      granted: true,
      actor: { kind: 'operator', name: 'ann' },
    });
    expect(sessions.authorize(request, 'EnrollmentWrite', start)).toMatchObject({ granted: false });
  });

  it('grants nothing without the token that only its page knows', () => {
    const { sessions, cookie, token } = signedIn();
    for (const given of [undefined, '', `${token}x`, token.slice(1)]) {
      const headers = given === undefined ? { cookie } : { cookie, [CSRF_HEADER]: given };
      expect(sessions.authorize({ method: 'GET', headers }, 'EnrollmentRead', start)).toMatchObject({ granted: false });
    }
  });

  it('has no say where no cookie names one, and refuses where the cookie names none that is known', () => {
    const { sessions } = signedIn();
    expect(sessions.authorize({ method: 'GET', headers: {} }, 'EnrollmentRead', start)).toBeUndefined();
    const cookie = `${SESSION_COOKIE}=unknown`;
    expect(sessions.authorize({ method: 'GET', headers: { cookie } }, 'EnrollmentRead', start)).toMatchObject({ granted: false });
  });

  it('changes nothing for a page of another origin', () => {
    const { sessions, cookie, token } = signedIn();
    const headers = { cookie, [CSRF_HEADER]: token, host: 'rehome.example:8443' };
    const put = (origin?: string) =>
      sessions.authorize(
        { method: 'PUT', headers: origin === undefined ? headers : { ...headers, origin } },
        'EnrollmentRead',
        start,
      );
    expect(put('https://rehome.example:8443')).toMatchObject({ granted: true });
    for (const origin of ['https://rehome.example', 'http://rehome.example:8443', 'https://evil.example', 'null', undefined]) {
      expect(put(origin)).toMatchObject({ granted: false });
    }
    const crossSite = { method: 'GET', headers: { ...headers, 'sec-fetch-site': 'cross-site' } };
    expect(sessions.authorize(crossSite, 'EnrollmentRead', start)).toMatchObject({ granted: false });
  });

  it('ends when nothing asks with it for long, and at last however busy it is', () => {
    const idle = signedIn();
    expect(idle.sessions.find({ cookie: idle.cookie }, after(IDLE_TIMEOUT_MS - 1))).toBeDefined();
    expect(idle.sessions.find({ cookie: idle.cookie }, after(2 * IDLE_TIMEOUT_MS - 1))).toBeUndefined();

    const busy = signedIn();
    for (let ms = 0; ms < LIFETIME_MS; ms += IDLE_TIMEOUT_MS / 2) {
      expect(busy.sessions.find({ cookie: busy.cookie }, after(ms))).toBeDefined();
    }
    expect(busy.sessions.find({ cookie: busy.cookie }, after(LIFETIME_MS))).toBeUndefined();
  });

  it('cuts the answers that are under way when it ends, and no others', () => {
    const { sessions, cookie } = signedIn();
    const other = `${SESSION_COOKIE}=${sessions.start(ann, after(IDLE_TIMEOUT_MS - 1)).id}`;
    const answers = { stream: new Answer(), done: new Answer(), others: new Answer() };
    sessions.accompany({ method: 'GET', headers: { cookie } }, answers.stream);
    sessions.accompany({ method: 'GET', headers: { cookie } }, answers.done);
    sessions.accompany({ method: 'GET', headers: { cookie: other } }, answers.others);
    answers.done.emit('close');
    sessions.endOld(after(IDLE_TIMEOUT_MS));
    expect([answers.stream.cut, answers.done.cut, answers.others.cut]).toEqual([true, false, false]);
    sessions.end({ cookie: other });
    expect(answers.others.cut).toBe(true);
  });

  it('ends at signing out', () => {
    const { sessions, cookie } = signedIn();
    sessions.end({ cookie });
    expect(sessions.find({ cookie }, start)).toBeUndefined();
  });

  it('gives way, when there are too many, if it was used longest ago', () => {
    const { sessions, cookie } = signedIn();
    const second = `${SESSION_COOKIE}=${sessions.start(ann, start).id}`;
    expect(sessions.find({ cookie }, after(1))).toBeDefined();
    for (let more = 0; more < SESSIONS_MAX - 1; more++) sessions.start(ann, after(2));
    expect(sessions.find({ cookie: second }, after(3))).toBeUndefined();
    expect(sessions.find({ cookie }, after(3))).toBeDefined();
  });
});
