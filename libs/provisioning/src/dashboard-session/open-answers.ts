import type { SessionResponse } from '../operators/session-access';

/** Answers of this process that are under way, by the session that asked. */
export class OpenAnswers {
  private readonly bySession = new Map<string, Set<SessionResponse>>();

  add(session: string, response: SessionResponse): void {
    if (response.destroyed) return;
    const responses = this.bySession.get(session) ?? new Set();
    this.bySession.set(session, responses.add(response));
    response.once('close', () => {
      responses.delete(response);
      if (responses.size === 0 && this.bySession.get(session) === responses) this.bySession.delete(session);
    });
  }

  sessions(): readonly string[] {
    return [...this.bySession.keys()];
  }

  cut(session: string): void {
    const responses = this.bySession.get(session);
    this.bySession.delete(session);
    for (const response of responses ?? []) response.destroy();
  }
}
