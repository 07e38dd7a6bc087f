import { AmqpRefusal } from './refusal';
import type { SaslMechanism, SaslStep } from './sasl-mechanisms';

/** Public keys of a device's TPM, each a TPM2B_PUBLIC. */
export interface TpmKeys {
  readonly endorsementKey: Buffer;
  readonly storageRootKey: Buffer;
}

/** A device that wants to prove that it has the TPM with these keys. */
export interface TpmChallengeRequest extends TpmKeys {
  readonly idScope: string;
  readonly registrationId: string;
}

/** Makes the blob that only that TPM can turn into a key; undefined for a device that may not have one, rejects when it cannot tell. */
export type TpmChallenger = (request: TpmChallengeRequest) => Promise<Buffer | undefined>;

/** A SASL frame has at most 512 bytes before sizes are negotiated; this leaves room for its header and the control byte. */
const SEGMENT_BYTES = 400;
const SEGMENT = 0x80;
const LAST_SEGMENT = 0xc0;
const NUL = 0;
const ASK_FOR_STORAGE_ROOT_KEY = Buffer.of(NUL);

/**
 * The TPM mechanism (wire contract §3.4). The client begins with `0x00 scope 0x00 id 0x00 EK`, is asked for its storage root key by
 * one zero byte, gets the blob in segments with a control byte each, and at last answers with a SAS token made with the key in it.
 */
export class TpmMechanism implements SaslMechanism {
  private step: (response: Buffer) => SaslStep | Promise<SaslStep> = (response) => this.begin(response);

  constructor(private readonly challenge: TpmChallenger) {}

  respond(response: Buffer): SaslStep | Promise<SaslStep> {
    return this.step(response);
  }

  private begin(response: Buffer): SaslStep {
    const scopeEnd = response.indexOf(NUL, 1);
    const idEnd = response.indexOf(NUL, scopeEnd + 1);
    if (response[0] !== NUL || scopeEnd < 0 || idEnd < 0) throw refused('the initial response has not the documented form');
    const named = {
      idScope: response.toString('utf8', 1, scopeEnd),
      registrationId: response.toString('utf8', scopeEnd + 1, idEnd),
      endorsementKey: response.subarray(idEnd + 1),
    };
    this.step = (next) => this.takeStorageRootKey(named, next);
    return { challenge: ASK_FOR_STORAGE_ROOT_KEY };
  }

  private async takeStorageRootKey(named: Omit<TpmChallengeRequest, 'storageRootKey'>, response: Buffer): Promise<SaslStep> {
    const request = { ...named, storageRootKey: contentOf(response) };
    const blob = await this.challenge(request).catch(() => {
      throw new AmqpRefusal('unavailable', 'TPM: no challenge could be made');
    });
    if (blob === undefined) throw refused(`${named.registrationId}: no enrollment for this TPM`);
    return this.send(request, blob, 0);
  }

  private send(request: TpmChallengeRequest, blob: Buffer, offset: number): SaslStep {
    const segment = blob.subarray(offset, offset + SEGMENT_BYTES);
    const next = offset + segment.length;
    const isLast = next >= blob.length;
    this.step = (response) => {
      if (isLast) return this.takeToken(request, response);
      if (contentOf(response).length > 0) throw refused('an answer to a segment that is not empty');
      return this.send(request, blob, next);
    };
    return { challenge: Buffer.concat([Buffer.of(isLast ? LAST_SEGMENT : SEGMENT), segment]) };
  }

  private takeToken(
    { idScope, registrationId, endorsementKey, storageRootKey }: TpmChallengeRequest,
    response: Buffer,
  ): SaslStep {
    this.step = () => {
      throw refused('a response after the last one');
    };
    const authorization = contentOf(response).toString('utf8');
    return { claim: { idScope, registrationId, authorization, tpm: { endorsementKey, storageRootKey } } };
  }
}

/** Every response begins with a zero byte. */
function contentOf(response: Buffer): Buffer {
  if (response[0] !== NUL) throw refused('a response that does not begin with a zero byte');
  return response.subarray(1);
}

function refused(detail: string): AmqpRefusal {
  return new AmqpRefusal('credentials', `TPM: ${detail}`);
}
