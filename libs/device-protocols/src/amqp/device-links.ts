import type { Connection, Delivery, EventContext, Receiver, Sender, Source } from 'rhea';
import type { DeviceAnswer, DeviceCaller, DeviceService, EdgeMetrics } from '../device-service';
import { readJson } from '../json-text';
import type { AmqpConnectionLimits } from './limits';
import { DeviceName, isSameDevice, parseLinkAddress } from './link-address';
import { AmqpRefusal } from './refusal';
import { DeviceRequest, parseRequest, rejection, responseMessage } from './requests';

/** What was presented on a connection before its links; `device` is known when SASL named it. */
export interface LinkCredentials {
  readonly device: DeviceName | undefined;
  readonly caller: Omit<DeviceCaller, 'idScope' | 'registrationId' | 'apiVersion' | 'clientVersion'>;
}

export interface DeviceLinksOptions {
  readonly connection: Connection;
  readonly credentials: LinkCredentials;
  readonly service: DeviceService;
  readonly metrics: Pick<EdgeMetrics, 'count'>;
  readonly limits: AmqpConnectionLimits;
  /** A request is done with, whatever became of it. */
  readonly onAnswered: () => void;
  readonly onRefusal: (refusal: AmqpRefusal) => void;
}

const API_VERSION = 'com.microsoft:api-version';
const CLIENT_VERSION = 'com.microsoft:client-version';

/**
 * The links of one device's connection (wire contract §2.2): requests come in on one, answers go out on the other, both with the
 * address `{scope}/registrations/{id}`. A connection speaks for one device: the one SASL named, or the first that a link names.
 */
export class DeviceLinks {
  private device: DeviceName | undefined;
  private answers: Sender | undefined;
  private readonly requests = new WeakSet<Receiver>();
  /** Answers that have been sent and not settled by the device. */
  private answersPending = 0;
  private requestsPending = 0;

  constructor(private readonly options: DeviceLinksOptions) {
    this.device = options.credentials.device;
    const { connection } = options;
    connection.on('receiver_open', ({ receiver }: EventContext) => receiver && this.openRequests(receiver));
    connection.on('sender_open', ({ sender }: EventContext) => sender && this.openAnswers(sender));
    connection.on('message', (context: EventContext) => void this.receive(context));
  }

  /** Requests that are being worked on. */
  get pending(): number {
    return this.requestsPending;
  }

  private openRequests(link: Receiver): void {
    const { target, source } = termini(link);
    link.set_target(terminus(target));
    link.set_source(terminus(source));
    if (!this.admits(link, target)) return;
    this.requests.add(link);
    link.add_credit(this.options.limits.requestsPendingMax);
  }

  private openAnswers(link: Sender): void {
    const { target, source } = termini(link);
    link.set_source(terminus(source));
    link.set_target(terminus(target));
    if (!this.admits(link, source)) return;
    this.answers = link;
    link.on('settled', () => this.answersPending--);
  }

  private admits(link: Receiver | Sender, address: unknown): boolean {
    const named = parseLinkAddress(address);
    if (named === undefined) {
      link.close({ condition: 'amqp:not-found', description: 'the address of a link must be {scope}/registrations/{id}' });
      return false;
    }
    this.device ??= named;
    if (isSameDevice(this.device, named)) return true;
    link.close({ condition: 'amqp:unauthorized-access', description: 'the connection belongs to another device' });
    return false;
  }

  private async receive({ message, delivery, receiver }: EventContext): Promise<void> {
    if (receiver === undefined || delivery === undefined) return;
    if (!this.requests.has(receiver)) {
      this.options.onRefusal(new AmqpRefusal('malformed', 'a request on a link that was refused'));
      return;
    }
    const caller = this.callerOf(receiver);
    const request = parseRequest(message ?? {});
    this.requestsPending++;
    const answer =
      'problem' in request ? this.options.service.malformed(caller, request.problem) : await this.answerTo(caller, request);
    this.requestsPending--;
    this.options.metrics.count(`amqp.answers.${answer.status}`);
    this.options.onAnswered();
    if (this.options.connection.is_closed()) return;
    if ('problem' in request || answer.status >= 300) this.reject(delivery, answer);
    else this.respond(delivery, answer, request);
    receiver.add_credit(1);
  }

  private reject(delivery: Delivery, answer: DeviceAnswer): void {
    delivery.update(true, rejection(answer) as Parameters<Delivery['update']>[1]);
  }

  private respond(delivery: Delivery, answer: DeviceAnswer, { correlationId }: DeviceRequest): void {
    delivery.accept();
    // In a later turn, so that the device has the outcome of its request before the answer, after which it may be gone.
    setImmediate(() => {
      const { answers, options } = this;
      if (answers === undefined || answers.is_closed() || options.connection.is_closed()) return;
      if (++this.answersPending >= options.limits.answersPendingMax) {
        const detail = `${this.answersPending} answers that were not taken`;
        options.onRefusal(new AmqpRefusal('too-many-pending', detail));
      } else answers.send(responseMessage(answer, correlationId));
    });
  }

  private answerTo(caller: DeviceCaller, request: DeviceRequest): Promise<DeviceAnswer> | DeviceAnswer {
    const { service } = this.options;
    if (this.answers?.is_open() !== true) return service.malformed(caller, 'there is no link for the answer');
    if (request.operation === 'get operation') return service.operation(caller, request.operationId);
    const body = readJson(request.body);
    if (!('value' in body)) return service.malformed(caller, body.problem);
    // Java's SDK sends no body: the link has named the device.
    const value = body.value ?? { registrationId: caller.registrationId };
    return request.operation === 'register' ? service.register(caller, value) : service.lookUp(caller, value);
  }

  private callerOf(link: Receiver): DeviceCaller {
    const { idScope, registrationId } = this.device ?? { idScope: '', registrationId: '' };
    const ofLinks = [link, this.answers];
    return {
      ...this.options.credentials.caller,
      idScope,
      registrationId,
      apiVersion: textProperty(ofLinks, API_VERSION),
      clientVersion: textProperty(ofLinks, CLIENT_VERSION),
    };
  }
}

/** Addresses as the peer wrote them; nothing is known of their types. */
function termini(link: Receiver | Sender): { readonly source: string | undefined; readonly target: string | undefined } {
  const { source, target } = link as { source?: { address?: unknown } | null; target?: { address?: unknown } | null };
  return { source: textOrNothing(source?.address), target: textOrNothing(target?.address) };
}

/** Also one without an address, which the library's types do not know. */
const terminus = (address: string | undefined): Source => (address === undefined ? {} : { address }) as Source;

function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** SDKs set the properties on both links or on one. */
function textProperty(links: readonly (Receiver | Sender | undefined)[], name: string): string | undefined {
  for (const link of links) {
    const value = (link?.properties as Readonly<Record<string, unknown>> | undefined)?.[name];
    if (typeof value === 'string') return value;
  }
  return undefined;
}
