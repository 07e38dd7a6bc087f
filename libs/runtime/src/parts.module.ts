import { DynamicModule, Module } from '@nestjs/common';
import type { EventStore } from '@app/event-sourcing';
import type { HubGateway } from '@app/hub-gateway';
import { Logger, failpoint } from '@app/platform';
import type { SubjectKeys } from '@app/sealing';
import {
  ACCESS_CONTROL,
  ASSIGNMENT_LOG,
  AUDIT_TRAIL,
  AccessControl,
  AuditTrail,
  CLOCK,
  CONNECTION_COUNTERS,
  ConnectionCounters,
  EVENT_STORE,
  FAILPOINT,
  HEALTH_CHECKS,
  HUB_LOG,
  HUB_GATEWAY,
  HUB_TWINS,
  HealthCheck,
  HubLog,
  FEED_SETTINGS,
  FeedSettings,
  HubTwins,
  PROJECTION_MONITOR,
  PROJECTION_REBUILDER,
  ProjectionMonitor,
  ProjectionRebuilder,
  READ_DATABASE,
  ReadDatabase,
  REPROVISION_METHOD,
  RegistrationSettings,
  SECRET_BOX,
  STORED_EVENTS,
  SUBJECT_KEYS,
  SecretBox,
} from '@app/provisioning';

/** What the composition root made and every feature module may ask for. */
export interface Parts {
  readonly store: EventStore;
  readonly asStored: EventStore;
  readonly gateway: HubGateway;
  readonly hubTwins: HubTwins;
  readonly hubLog: HubLog | null;
  readonly secretBox: SecretBox;
  readonly access: AccessControl;
  readonly readDatabase: ReadDatabase;
  readonly projections: ProjectionMonitor;
  readonly rebuilder: ProjectionRebuilder;
  readonly healthChecks: readonly HealthCheck[];
  readonly settings: RegistrationSettings;
  readonly feed: FeedSettings;
  readonly connections: ConnectionCounters;
  readonly reprovisionMethod: string;
  readonly auditTrail: AuditTrail;
  readonly subjectKeys: SubjectKeys;
  readonly log: Logger;
}

@Module({})
export class PartsModule {
  static with(parts: Parts): DynamicModule {
    const providers = [
      { provide: EVENT_STORE, useValue: parts.store },
      { provide: STORED_EVENTS, useValue: parts.asStored },
      { provide: HUB_GATEWAY, useValue: parts.gateway },
      { provide: HUB_TWINS, useValue: parts.hubTwins },
      { provide: HUB_LOG, useValue: parts.hubLog },
      { provide: SECRET_BOX, useValue: parts.secretBox },
      { provide: ACCESS_CONTROL, useValue: parts.access },
      { provide: READ_DATABASE, useValue: parts.readDatabase },
      { provide: PROJECTION_MONITOR, useValue: parts.projections },
      { provide: PROJECTION_REBUILDER, useValue: parts.rebuilder },
      { provide: CONNECTION_COUNTERS, useValue: parts.connections },
      { provide: HEALTH_CHECKS, useValue: parts.healthChecks },
      { provide: RegistrationSettings, useValue: parts.settings },
      { provide: FEED_SETTINGS, useValue: parts.feed },
      { provide: ASSIGNMENT_LOG, useValue: parts.log },
      { provide: REPROVISION_METHOD, useValue: parts.reprovisionMethod },
      { provide: FAILPOINT, useValue: failpoint },
      { provide: AUDIT_TRAIL, useValue: parts.auditTrail },
      { provide: SUBJECT_KEYS, useValue: parts.subjectKeys },
      { provide: CLOCK, useValue: () => new Date() },
    ];
    return { module: PartsModule, global: true, providers, exports: providers.map(({ provide }) => provide) };
  }
}
