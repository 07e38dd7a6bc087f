import { Inject, Injectable } from '@nestjs/common';

/** One thing the service depends on. `detail` is for operators and holds no secrets. */
export interface HealthCheck {
  readonly name: string;
  check(): Promise<{ readonly ok: boolean; readonly detail: string }>;
}

/** Injection token of `readonly HealthCheck[]`. */
export const HEALTH_CHECKS = Symbol('HEALTH_CHECKS');

export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** A check that takes longer has failed. */
export const HEALTH_CHECK_TIMEOUT_MS = 2_000;
/** Results are used again for so long, so that strangers who ask cannot keep the database busy. */
export const HEALTH_RESULTS_REUSED_MS = 500;

@Injectable()
export class Readiness {
  private latest: { readonly at: number; readonly results: Promise<readonly CheckResult[]> } | undefined;

  constructor(@Inject(HEALTH_CHECKS) private readonly checks: readonly HealthCheck[]) {}

  results(): Promise<readonly CheckResult[]> {
    const now = performance.now();
    if (this.latest === undefined || now - this.latest.at > HEALTH_RESULTS_REUSED_MS) {
      this.latest = { at: now, results: Promise.all(this.checks.map(run)) };
    }
    return this.latest.results;
  }
}

async function run(check: HealthCheck): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<{ ok: boolean; detail: string }>((resolve) => {
    const detail = `no answer within ${HEALTH_CHECK_TIMEOUT_MS} ms`;
    timer = setTimeout(() => resolve({ ok: false, detail }), HEALTH_CHECK_TIMEOUT_MS);
  });
  try {
    const { ok, detail } = await Promise.race([check.check(), late]);
    return { name: check.name, ok, detail };
  } catch (error) {
    return { name: check.name, ok: false, detail: error instanceof Error ? error.name : 'failed' };
  } finally {
    clearTimeout(timer);
  }
}
