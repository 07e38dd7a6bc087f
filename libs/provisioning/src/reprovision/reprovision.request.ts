import { Inject, Injectable } from '@nestjs/common';
import { HubRefused, HubUnreachable, MethodOutcome } from '@app/hub-gateway';
import type { HubGateway } from '@app/hub-gateway';
import { LinkedHubs } from '../hubs/linked-hubs';
import { ReprovisionOutcome } from '../registrations/registration.events';
import { currentAssignment } from '../registrations/registration.state';
import { RegistrationStore } from '../registrations/registration.store';
import { DpsError } from '../shared/dps-error';
import { RequestContext } from '../shared/request-context';
import { CLOCK, HUB_GATEWAY, REPROVISION_METHOD } from '../shared/tokens';
import type { Clock } from '../shared/tokens';

/** What the device gets to be there and to answer; the caller waits for both. */
const CONNECT_TIMEOUT_MS = 5_000;
const RESPONSE_TIMEOUT_MS = 15_000;
const STATUS_REFUSED_MIN = 300;

interface Told {
  readonly outcome: ReprovisionOutcome;
  readonly methodStatus: number | null;
  readonly detail: string | null;
}

export interface ReprovisionAnswer extends Told {
  readonly registrationId: string;
  readonly hub: string;
  readonly deviceId: string;
  readonly method: string;
}

/** Asks a device, by a direct method at the hub where it is, to register again, and writes down what came of it. */
@Injectable()
export class ReprovisionRequests {
  constructor(
    private readonly registrations: RegistrationStore,
    private readonly hubs: LinkedHubs,
    @Inject(HUB_GATEWAY) private readonly gateway: HubGateway,
    @Inject(REPROVISION_METHOD) private readonly method: string,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * `position` is that of the event, undefined when it was there already. Errors: `DpsError` for a device that is at no hub,
   * `Rejected` when its registration was deleted meanwhile, those of the store.
   */
  async request(
    registrationId: string,
    caller: RequestContext,
    connectTimeoutMs: number = CONNECT_TIMEOUT_MS,
  ): Promise<{ readonly answer: ReprovisionAnswer; readonly position: string | undefined }> {
    const assignment = currentAssignment((await this.registrations.read(registrationId)).state);
    if (assignment === null) throw DpsError.notFound('The device is at no hub.');
    const { hub, deviceId } = assignment;
    const told = await this.invoke(hub, deviceId, connectTimeoutMs);
    const request = { requestId: caller.correlationId, hub, deviceId, method: this.method, ...told };
    const command = { type: 'RecordReprovisionRequest', request, at: this.clock().toISOString() } as const;
    const { position } = await this.registrations.handle(registrationId, command, caller);
    return { answer: { registrationId, hub, deviceId, method: this.method, ...told }, position };
  }

  private async invoke(hostName: string, deviceId: string, connectTimeoutMs: number): Promise<Told> {
    const hub = await this.hubs.connectionTo(hostName);
    if (hub === undefined) return { outcome: 'hubRefused', methodStatus: null, detail: 'The hub is not known.' };
    const times = { connectTimeoutMs, responseTimeoutMs: RESPONSE_TIMEOUT_MS };
    try {
      return toldBy(await this.gateway.invokeMethod(hub, deviceId, { name: this.method, payload: null, ...times }));
    } catch (error) {
      if (error instanceof HubRefused) return { outcome: 'hubRefused', methodStatus: null, detail: error.message };
      if (error instanceof HubUnreachable) return { outcome: 'hubUnreachable', methodStatus: null, detail: error.message };
      throw error;
    }
  }
}

/** What the device sent beside its status is not written down: it may be large, and nobody has said what it means. */
function toldBy(outcome: MethodOutcome): Told {
  switch (outcome.kind) {
    case 'answered': {
      const { status } = outcome;
      return { outcome: status < STATUS_REFUSED_MIN ? 'accepted' : 'declined', methodStatus: status, detail: null };
    }
    case 'not-online':
      return { outcome: 'notOnline', methodStatus: null, detail: null };
    case 'timed-out':
      return { outcome: 'timedOut', methodStatus: null, detail: null };
  }
}
