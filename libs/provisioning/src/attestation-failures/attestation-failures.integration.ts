import { ReadModels, startReadModels } from '../read-models/testing/read-model-database';
import { AttestationFailures, FAILURES_PENDING_MAX, NotedFailure, WRITE_INTERVAL_MS } from './attestation-failures';
import {
  AttestationFailure,
  addAttestationFailures,
  findAttestationFailure,
  listAttestationFailures,
  trimAttestationFailures,
} from './attestation-failures.queries';

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const noted = (registrationId: string, second: number, overrides: Partial<NotedFailure> = {}): NotedFailure => ({
  registrationId,
  check: 'validity',
  reason: 'expired',
  transport: 'https',
  subject: null,
  thumbprint: null,
  keyName: null,
  at: at(second),
  ...overrides,
});

describe('failed attestations', () => {
  let models: ReadModels;
  let failures: AttestationFailures;
  beforeEach(async () => {
    models = await startReadModels();
    failures = new AttestationFailures(models.database);
  });
  afterEach(() => models.close());

  const all = async (): Promise<readonly AttestationFailure[]> =>
    (await listAttestationFailures(models.database, {}, { limit: 1_000 })).items;

  it('are counted for each registration id, and the last one is told', async () => {
    failures.note(noted('Dev-1', 1, { reason: 'first' }));
    failures.note(noted('dev-1', 2, { check: 'token', reason: 'last', keyName: 'registration' }));
    await failures.onApplicationShutdown();
    failures.note(noted('DEV-1', 3, { check: 'key', reason: 'after that', subject: 'CN=x', thumbprint: 'AB' }));
    await failures.onApplicationShutdown();
    expect(await findAttestationFailure(models.database, 'dEV-1')).toEqual({
      registrationId: 'Dev-1',
      failures: 3,
      firstFailedAt: at(1).toISOString(),
      lastFailedAt: at(3).toISOString(),
      check: 'key',
      reason: 'after that',
      transport: 'https',
      subject: 'CN=x',
      thumbprint: 'AB',
      keyName: null,
    });
    expect(await findAttestationFailure(models.database, 'dev-2')).toBeUndefined();
  });

  it('are written once in a while, not one by one', async () => {
    failures.note(noted('dev-1', 1));
    expect(await all()).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, WRITE_INTERVAL_MS + 500));
    await failures.onApplicationShutdown();
    expect(await all()).toHaveLength(1);
  });

  it('of more devices than are counted at once are left out', async () => {
    for (let index = 0; index < FAILURES_PENDING_MAX + 50; index++) failures.note(noted(`dev-${index}`, 1));
    await failures.onApplicationShutdown();
    expect(await all()).toHaveLength(FAILURES_PENDING_MAX);
  });

  it('are bounded in number, the oldest go, and listed newest first', async () => {
    const rows = Array.from({ length: 20 }, (_, index) => {
      const { at: time, ...failure } = noted(`dev-${index}`, index);
      return { ...failure, failures: 1, firstFailedAt: time.toISOString(), lastFailedAt: time.toISOString() };
    });
    await addAttestationFailures(models.database, rows);
    await trimAttestationFailures(models.database, 3);
    expect((await all()).map(({ registrationId }) => registrationId)).toEqual(['dev-19', 'dev-18', 'dev-17']);
    const page = await listAttestationFailures(models.database, { check: 'validity', transport: 'https' }, { limit: 2 });
    const next = await listAttestationFailures(
      models.database,
      { check: 'validity', transport: 'https' },
      { limit: 2, cursor: page.nextCursor ?? '' },
    );
    expect(next.items.map(({ registrationId }) => registrationId)).toEqual(['dev-17']);
    expect((await listAttestationFailures(models.database, { check: 'token' }, {})).items).toEqual([]);
  });

  it('hold no text that a column or a reader could not take', async () => {
    failures.note(noted('dev-1', 1, { subject: `CN=\0\ud800${'x'.repeat(5_000)}`, reason: 'line\nbreak' }));
    await failures.onApplicationShutdown();
    const failure = await findAttestationFailure(models.database, 'dev-1');
    expect(failure?.subject).toBe(`CN=??${'x'.repeat(251)}`);
    expect(failure?.reason).toBe('line?break');
  });

  it('that cannot be written disturb nobody', async () => {
    const broken = new AttestationFailures({ query: () => Promise.reject(new Error('no database')) });
    broken.note(noted('dev-1', 1));
    await expect(broken.onApplicationShutdown()).resolves.toBeUndefined();
  });
});
