import { frameBody, frameTypes } from './frame-reader';
import type { AmqpConnectionLimits } from './limits';
import { Performative, readPerformative } from './performatives';
import { AmqpRefusal } from './refusal';
import { ValueReader, malformed } from './values';

const SECOND_MS = 1_000;
/** The least that the specification allows (part 2.7.1). */
const FRAME_BYTES_MIN = 512;
/** An idle time that would have us send heartbeats all the time. */
const IDLE_MS_MIN = 1_000;
/** Deliveries that one disposition may name; a session holds fewer. */
const DISPOSITION_RANGE_MAX = 2_048;
/** Sections of a message: header, annotations, properties, application properties, bodies, footer. */
const SECTION_FIRST = 0x70;
const SECTION_LAST = 0x78;

/**
 * Looks at every frame of a connection before the AMQP library does, which takes numbers of a peer at their word: how many elements
 * an array has, how small frames must be, which deliveries a disposition is about. What passes is well formed, of bounded size, and
 * comes at a bounded rate.
 */
export class AmqpFrameGuard {
  private windowStartedMs: number;
  private frames = 0;
  private sessions = 0;
  private links = 0;
  /** Requests taken and not yet answered. */
  private pending = 0;
  /** Parts of messages that are not complete, by channel and handle. */
  private readonly partial = new Map<string, Buffer[]>();
  private partialBytes = 0;

  constructor(
    private readonly limits: AmqpConnectionLimits,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.windowStartedMs = nowMs();
  }

  /** Errors: `AmqpRefusal`. */
  inspect(frame: Buffer): void {
    this.countFrame();
    const body = frameBody(frame, frameTypes.amqp);
    if (body.length === 0) return;
    const performative = readPerformative(body);
    if (performative.name === 'open') inspectOpen(performative);
    else if (performative.name === 'begin') this.countSession();
    else if (performative.name === 'attach') this.countLink();
    else if (performative.name === 'disposition') inspectDisposition(performative);
    else if (performative.name === 'transfer') this.inspectTransfer(frame.readUInt16BE(6), performative);
    else if (performative.name === 'saslInit' || performative.name === 'saslResponse') throw malformed('SASL after its end');
  }

  /** One of the requests that passed has been answered. */
  answered(): void {
    this.pending--;
  }

  private countFrame(): void {
    const nowMs = this.nowMs();
    if (nowMs - this.windowStartedMs >= SECOND_MS) {
      this.windowStartedMs = nowMs;
      this.frames = 0;
    }
    if (++this.frames > this.limits.framesPerSecondMax) {
      throw new AmqpRefusal('flood', `more than ${this.limits.framesPerSecondMax} frames in a second`);
    }
  }

  private countSession(): void {
    if (++this.sessions > this.limits.sessionsMax) {
      throw new AmqpRefusal('too-many-links', `more than ${this.limits.sessionsMax} sessions`);
    }
  }

  private countLink(): void {
    if (++this.links > this.limits.linksMax) throw new AmqpRefusal('too-many-links', `more than ${this.limits.linksMax} links`);
  }

  private inspectTransfer(channel: number, { field, payload }: Performative): void {
    const key = `${channel} ${field(0)?.number ?? 0}`;
    const parts = this.partial.get(key);
    if (parts === undefined && (field(1) === undefined || field(2) === undefined)) {
      throw malformed('a delivery without an id or a tag');
    }
    if (field(9)?.number === 1) throw malformed('an aborted delivery');
    this.partialBytes += payload.length;
    if (this.partialBytes > this.limits.messageBytesMax) {
      throw new AmqpRefusal('message-too-large', `a message of more than ${this.limits.messageBytesMax} bytes`);
    }
    const message = parts === undefined ? [payload] : [...parts, payload];
    if (field(5)?.number === 1) this.partial.set(key, message);
    else this.complete(key, Buffer.concat(message));
  }

  private complete(key: string, message: Buffer): void {
    this.partial.delete(key);
    this.partialBytes -= message.length;
    inspectMessage(message);
    if (++this.pending > this.limits.requestsPendingMax) {
      throw new AmqpRefusal('too-many-pending', `more than ${this.limits.requestsPendingMax} requests without an answer`);
    }
  }
}

function inspectOpen({ field }: Performative): void {
  const frameBytes = field(2)?.number ?? FRAME_BYTES_MIN;
  const idleMs = field(4)?.number ?? 0;
  if (frameBytes < FRAME_BYTES_MIN) throw new AmqpRefusal('limits-too-small', `frames of at most ${frameBytes} bytes`);
  if (idleMs > 0 && idleMs < IDLE_MS_MIN) throw new AmqpRefusal('limits-too-small', `an idle time of ${idleMs} ms`);
}

function inspectDisposition({ field }: Performative): void {
  const first = field(1)?.number ?? 0;
  const last = field(2)?.number ?? first;
  if (last < first || last - first >= DISPOSITION_RANGE_MAX) throw malformed('a disposition of too many deliveries');
}

function inspectMessage(message: Buffer): void {
  const reader = new ValueReader(message);
  while (!reader.done) {
    const { descriptor } = reader.read();
    if (descriptor === undefined || descriptor < SECTION_FIRST || descriptor > SECTION_LAST) {
      throw malformed('a message with an unknown section');
    }
  }
}
