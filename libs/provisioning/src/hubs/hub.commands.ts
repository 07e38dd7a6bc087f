import { Command } from '@nestjs/cqrs';
import { Position } from '@app/event-sourcing';
import { RequestContext } from '../shared/request-context';
import { HubsState } from './hub.decider';
import { HubAvailability } from './hub.events';

export interface HubOutcome {
  readonly state: HubsState;
  /** Position of what this command wrote; undefined when it had been done before. */
  readonly position: Position | undefined;
}

/** What an administrator says of a hub. `connectionString` is in clear and lives in memory only. */
export interface HubSettings {
  /** `HostName=…;SharedAccessKeyName=…;SharedAccessKey=…` */
  readonly connectionString: string;
  readonly location: string;
  /** 1 to 1000. */
  readonly allocationWeight: number;
  readonly applyAllocationPolicy: boolean;
  /** What is left out stays as it is; a hub that is linked anew is open and has no limit. */
  readonly availability?: Partial<HubAvailability>;
}

/**
 * Dispatched by the CommandBus. `ifMatch` is the header as sent; a hub's ETag is `etagOf(hub.revision)`. Errors: `Rejected` with a
 * `HubRejection`, `InvalidConnectionString`, the store's own.
 */
export class LinkHub extends Command<HubOutcome> {
  constructor(
    readonly hostName: string,
    readonly settings: HubSettings,
    readonly context: RequestContext,
  ) {
    super();
  }
}

export class UpdateLinkedHub extends Command<HubOutcome> {
  constructor(
    readonly hostName: string,
    /** What is left out stays as it is. */
    readonly settings: Partial<HubSettings>,
    readonly ifMatch: string | undefined,
    readonly context: RequestContext,
  ) {
    super();
  }
}

export class UnlinkHub extends Command<HubOutcome> {
  constructor(
    readonly hostName: string,
    readonly ifMatch: string | undefined,
    readonly context: RequestContext,
  ) {
    super();
  }
}
