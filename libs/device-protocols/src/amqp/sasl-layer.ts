import { frameBody, frameTypes } from './frame-reader';
import { readPerformative } from './performatives';
import { AmqpRefusal } from './refusal';
import { SaslMechanism, SaslStep } from './sasl-mechanisms';
import { SaslCode, challengeFrame, mechanismsFrame, saslCodes } from './sasl-frames';
import { malformed } from './values';

/** Frames of one authentication: the initial response and the answers to challenges. */
const ROUNDS_MAX = 32;

export type SaslProgress =
  | { readonly send: Buffer }
  /** The peer has said everything; what it claims is to be checked. */
  | { readonly said: Exclude<SaslStep, { challenge: Buffer }> };

/** The server's side of SASL (specification, part 5.3) for one connection. */
export class SaslLayer {
  private mechanism: SaslMechanism | undefined;
  private rounds = 0;

  constructor(private readonly mechanisms: ReadonlyMap<string, () => SaslMechanism>) {}

  offer(): Buffer {
    return mechanismsFrame([...this.mechanisms.keys()]);
  }

  /** Errors: `AmqpRefusal`. */
  async take(frame: Buffer): Promise<SaslProgress> {
    if (++this.rounds > ROUNDS_MAX) throw new AmqpRefusal('flood', `more than ${ROUNDS_MAX} SASL frames`);
    const step = await this.responder(frame).respond();
    return 'challenge' in step ? { send: challengeFrame(step.challenge) } : { said: step };
  }

  private responder(frame: Buffer): { respond: () => SaslStep | Promise<SaslStep> } {
    const { name, field } = readPerformative(frameBody(frame, frameTypes.sasl));
    if (name === 'saslInit' && this.mechanism === undefined) {
      const wanted = field(0)?.bytes?.toString('ascii') ?? '';
      const mechanism = this.mechanisms.get(wanted)?.();
      if (mechanism === undefined) throw new AmqpRefusal('mechanism', `a mechanism that is not offered`);
      this.mechanism = mechanism;
      return { respond: () => mechanism.respond(field(1)?.bytes ?? Buffer.alloc(0)) };
    }
    const { mechanism } = this;
    if (name !== 'saslResponse' || mechanism === undefined) throw malformed(`${name} where it does not belong`);
    return { respond: () => mechanism.respond(field(0)?.bytes ?? Buffer.alloc(0)) };
  }
}

/** What the peer is told about a refusal: to try again later when it is not the peer's fault. */
export function outcomeOf(refusal: AmqpRefusal): SaslCode {
  return refusal.reason === 'unavailable' ? saslCodes.temporary : saslCodes.auth;
}
