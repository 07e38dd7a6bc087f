import { HEALTH_CHECK_TIMEOUT_MS, Readiness } from './readiness';

test('a check that throws has failed, and says no more than the kind of error', async () => {
  const check = (): Promise<never> => Promise.reject(new TypeError('postgres://user:password@host'));
  await expect(new Readiness([{ name: 'database', check }]).results()).resolves.toEqual([
    { name: 'database', ok: false, detail: 'TypeError' },
  ]);
});

test('a check that does not answer in time has failed', async () => {
  const check = (): Promise<never> => new Promise(() => undefined);
  const detail = `no answer within ${HEALTH_CHECK_TIMEOUT_MS} ms`;
  await expect(new Readiness([{ name: 'slow', check }]).results()).resolves.toEqual([{ name: 'slow', ok: false, detail }]);
});

test('however often it is asked, the checks run once in a while', async () => {
  let runs = 0;
  const check = (): Promise<{ ok: boolean; detail: string }> => Promise.resolve({ ok: true, detail: `run ${++runs}` });
  const readiness = new Readiness([{ name: 'counted', check }]);
  const results = await Promise.all(Array.from({ length: 50 }, () => readiness.results()));
  expect(new Set(results.map(([result]) => result?.detail))).toEqual(new Set(['run 1']));
});
