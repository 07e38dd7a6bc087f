import { DynamicModule, Module } from '@nestjs/common';
import { SESSION_ACCESS } from '../operators/session-access';
import { CurrentRights } from './current-rights';
import { DashboardFilesController } from './dashboard-files.controller';
import { DashboardSessionController } from './dashboard-session.controller';
import { DASHBOARD_SETTINGS } from './dashboard-settings';
import type { DashboardSettings } from './dashboard-settings';
import { FailedSignIns } from './failed-sign-ins';
import { Sessions } from './sessions';

/**
 * /dashboard: its files, and its sessions as a credential for every guarded route, so it is global. Needs ACCESS_CONTROL, SECRET_BOX,
 * CLOCK and READ_DATABASE, with `dashboardMigrations` run.
 */
@Module({})
export class DashboardSessionModule {
  static with(settings: DashboardSettings): DynamicModule {
    return {
      module: DashboardSessionModule,
      global: true,
      // Sessions first: the files' controller answers every other path with the page.
      controllers: [DashboardSessionController, DashboardFilesController],
      providers: [
        CurrentRights,
        Sessions,
        FailedSignIns,
        { provide: SESSION_ACCESS, useExisting: Sessions },
        { provide: DASHBOARD_SETTINGS, useValue: settings },
      ],
      exports: [SESSION_ACCESS],
    };
  }
}
