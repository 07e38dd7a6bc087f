import { dirname, join } from 'node:path';
import { DynamicModule } from '@nestjs/common';
import { Configuration } from '@app/platform';
import { DashboardSessionModule } from '@app/provisioning';

/** Programs are built to dist/apps/<name>/main.js, the page beside them. */
const BESIDE_PROGRAM = '../dashboard';

/** The dashboard, in processes that answer operators. */
export function dashboardOf({ roles, oidc }: Configuration): DynamicModule[] {
  if (!roles.includes('api')) return [];
  const program = process.argv[1] ?? '';
  return [DashboardSessionModule.with({ directory: join(dirname(program), BESIDE_PROGRAM), oidc })];
}
