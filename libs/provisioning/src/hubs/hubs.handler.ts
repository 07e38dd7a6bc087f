import { Inject, Injectable } from '@nestjs/common';
import { CommandHandler, ICommandHandler } from '@nestjs/cqrs';
import { handleCommand } from '@app/event-sourcing';
import type { EventStore } from '@app/event-sourcing';
import { parseIfMatch } from '../shared/etag';
import { commandContext, RequestContext } from '../shared/request-context';
import type { SecretBox } from '../shared/secret-box';
import { CLOCK, EVENT_STORE, SECRET_BOX } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { hostNameOfConnectionString } from './connection-string';
import { HubOutcome, LinkHub, UnlinkHub, UpdateLinkedHub } from './hub.commands';
import { HubCommand, hubDecider, RequestedConnection } from './hub.decider';
import { hubCodec, linkedHubsStream } from './hub.events';
import { LinkedHubs } from './linked-hubs';

/** The facts of commands on hubs, and the way to their stream. */
@Injectable()
export class HubHandling {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(SECRET_BOX) private readonly secrets: SecretBox,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly hubs: LinkedHubs,
  ) {}

  now(): string {
    return this.clock().toISOString();
  }

  sealed(connectionString: string): RequestedConnection {
    return {
      hostName: hostNameOfConnectionString(connectionString),
      connectionString: this.secrets.seal(connectionString),
    };
  }

  async handle(command: HubCommand, request: RequestContext): Promise<HubOutcome> {
    const { store } = this;
    const { state, position } = await handleCommand(
      { store, decider: hubDecider, codec: hubCodec, states: this.hubs.states },
      commandContext(linkedHubsStream, request),
      command,
    );
    return { state, position };
  }
}

@CommandHandler(LinkHub)
export class LinkHubHandler implements ICommandHandler<LinkHub> {
  constructor(private readonly hubs: HubHandling) {}

  async execute({ hostName, settings, context }: LinkHub): Promise<HubOutcome> {
    const { connectionString, ...rest } = settings;
    const connection = this.hubs.sealed(connectionString);
    return this.hubs.handle(
      { type: 'LinkHub', hostName: hostName.toLowerCase(), connection, ...rest, at: this.hubs.now() },
      context,
    );
  }
}

@CommandHandler(UpdateLinkedHub)
export class UpdateLinkedHubHandler implements ICommandHandler<UpdateLinkedHub> {
  constructor(private readonly hubs: HubHandling) {}

  async execute({ hostName, settings, ifMatch, context }: UpdateLinkedHub): Promise<HubOutcome> {
    const { connectionString, location, allocationWeight, applyAllocationPolicy, availability = {} } = settings;
    return this.hubs.handle(
      {
        type: 'UpdateLinkedHub',
        hostName: hostName.toLowerCase(),
        connection: connectionString === undefined ? null : this.hubs.sealed(connectionString),
        location: location ?? null,
        allocationWeight: allocationWeight ?? null,
        applyAllocationPolicy: applyAllocationPolicy ?? null,
        availability,
        ifMatch: parseIfMatch(ifMatch),
        at: this.hubs.now(),
      },
      context,
    );
  }
}

@CommandHandler(UnlinkHub)
export class UnlinkHubHandler implements ICommandHandler<UnlinkHub> {
  constructor(private readonly hubs: HubHandling) {}

  async execute({ hostName, ifMatch, context }: UnlinkHub): Promise<HubOutcome> {
    return this.hubs.handle(
      { type: 'UnlinkHub', hostName: hostName.toLowerCase(), ifMatch: parseIfMatch(ifMatch), at: this.hubs.now() },
      context,
    );
  }
}
