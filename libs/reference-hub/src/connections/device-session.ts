import { randomBytes } from 'node:crypto';
import { JsonObject, JsonValue } from '@app/event-sourcing';
import { Device } from '../devices/device.state';
import { HubError } from '../hub-error';

/** What a device may listen to. */
export type Subscription = 'twin-responses' | 'desired-properties' | 'methods';

/** How a session speaks to its device, whatever carries it. */
export interface DeviceLink {
  sendTwinResponse(status: number, requestId: string, body: string, version?: number): void;
  sendDesired(patch: JsonObject, version: number): void;
  sendMethod(name: string, requestId: string, payload: string): void;
  /** `reason` is a word for the log. */
  close(reason: string): void;
}

/** Why the credential that the session began with does not hold for the device as it is now; undefined while it does. */
export type Proof = (device: Device) => string | undefined;

export interface MethodCall {
  readonly name: string;
  readonly payload: JsonValue;
  readonly responseTimeoutMs: number;
}

export interface MethodAnswer {
  readonly status: number;
  readonly payload: JsonValue;
}

interface PendingMethod {
  readonly resolve: (answer: MethodAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const PENDING_METHODS_MAX = 20;

/** One device on one connection, from the moment its credential was found good. */
export class DeviceSession {
  readonly subscriptions = new Set<Subscription>();
  private readonly pending = new Map<string, PendingMethod>();
  private readonly requestPrefix = randomBytes(4).toString('hex');
  private requests = 0;
  private closed = false;
  private identityChange: number | undefined;

  constructor(
    readonly deviceId: string,
    private readonly proof: Proof,
    readonly link: DeviceLink,
  ) {}

  /** Why this session may not go on; undefined when it may. Signatures are checked again only when the identity changed. */
  problemWith(device: Device): string | undefined {
    if (device.status === 'disabled') return 'the device is disabled';
    if (device.identityChange === this.identityChange) return undefined;
    const problem = this.proof(device);
    if (problem === undefined) this.identityChange = device.identityChange;
    return problem;
  }

  /** Errors: `HubError` ThrottlingException, GatewayTimeout, DeviceNotOnline when the device leaves meanwhile. */
  invoke({ name, payload, responseTimeoutMs }: MethodCall): Promise<MethodAnswer> {
    if (this.pending.size >= PENDING_METHODS_MAX) {
      throw new HubError('ThrottlingException', `the device has ${PENDING_METHODS_MAX} methods to answer already`);
    }
    const requestId = `${this.requestPrefix}${(++this.requests).toString(16)}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.pending.delete(requestId);
        reject(new HubError('GatewayTimeout', 'the device did not answer in time'));
      }, responseTimeoutMs);
      this.pending.set(requestId, { resolve, reject, timer });
      this.link.sendMethod(name, requestId, JSON.stringify(payload));
    });
  }

  /** An answer nobody waits for any more is passed over. */
  answered(requestId: string, answer: MethodAnswer): void {
    const waiting = this.pending.get(requestId);
    if (waiting === undefined) return;
    this.pending.delete(requestId);
    clearTimeout(waiting.timer);
    waiting.resolve(answer);
  }

  close(reason: string): void {
    this.ended();
    this.link.close(reason);
  }

  /** The connection is gone. */
  ended(): void {
    if (this.closed) return;
    this.closed = true;
    for (const { reject, timer } of this.pending.values()) {
      clearTimeout(timer);
      reject(deviceNotOnline());
    }
    this.pending.clear();
  }
}

export const deviceNotOnline = (): HubError => new HubError('DeviceNotOnline', 'the device is not connected');
