import { setTimeout as sleep } from 'node:timers/promises';
import { Answer, OperationAnswer, call, sasToken } from './clients';
import { RunningService } from './running-service';
import { SoftwareTpm } from './software-tpm';

const API_VERSION = '2019-03-31';
const POLLS_MAX = 400;
const POLL_PAUSE_MS = 25;

/** What a device sends of its TPM, each the base64 of a TPM2B_PUBLIC. */
export interface TpmBody {
  readonly endorsementKey?: unknown;
  readonly storageRootKey?: unknown;
}

/** A device with a TPM, over HTTPS, step by step (wire contract §3.4). */
export class TpmDevice {
  constructor(
    private readonly service: RunningService,
    readonly registrationId: string,
    readonly tpm = new SoftwareTpm(),
  ) {}

  enroll(overrides: object = {}): Promise<unknown> {
    const { registrationId, tpm } = this;
    const attestation = { type: 'tpm', tpm: { endorsementKey: tpm.endorsementKey } };
    return this.service.administrator.createOrUpdateIndividualEnrollment({ registrationId, attestation, ...overrides } as never);
  }

  get keys(): TpmBody {
    return { endorsementKey: this.tpm.endorsementKey, storageRootKey: this.tpm.storageRootKey };
  }

  /** R1, without a token to be challenged. */
  put(authorization?: string, keys: TpmBody | undefined = this.keys, registrationId = this.registrationId): Promise<Answer> {
    const path = `${this.base(registrationId)}/register?api-version=${API_VERSION}`;
    return this.send('PUT', path, authorization, { registrationId, tpm: keys });
  }

  /** The token for registering, signed with the key out of a challenge. */
  async token(keys?: TpmBody): Promise<string> {
    const { authenticationKey } = (await this.put(undefined, keys)).json() as { authenticationKey: string };
    return this.tokenBy(this.tpm.activate(Buffer.from(authenticationKey, 'base64')).key);
  }

  tokenBy(key: Buffer): string {
    return sasToken(`${this.service.facts.idScope}/registrations/${this.registrationId}`, key.toString('base64'), 'registration');
  }

  /** Challenge, activation and registration, until the operation ends. */
  async register(): Promise<OperationAnswer> {
    return this.registerWith(await this.token());
  }

  /** The second half alone. Throws when the service refuses it. */
  async registerWith(token: string, keys?: TpmBody): Promise<OperationAnswer> {
    let answer = operationIn(await this.put(token, keys));
    for (let poll = 0; answer.status === 'assigning' && poll < POLLS_MAX; poll++) {
      await sleep(POLL_PAUSE_MS);
      answer = operationIn(await this.poll(answer.operationId, token));
    }
    return answer;
  }

  /** R2, with the empty document that clients send. */
  poll(operationId: string, authorization: string | undefined): Promise<Answer> {
    const path = `${this.base(this.registrationId)}/operations/${operationId}?api-version=${API_VERSION}`;
    return this.send('GET', path, authorization, {});
  }

  /** R3. */
  lookUp(authorization: string | undefined): Promise<Answer> {
    const { registrationId } = this;
    const path = `${this.base(registrationId)}?api-version=${API_VERSION}`;
    return this.send('POST', path, authorization, { registrationId, tpm: this.keys });
  }

  /** What R3 says once the device is assigned, without registering again. */
  async lookUpAssigned(authorization: string): Promise<OperationAnswer['registrationState']> {
    for (let poll = 0; poll < POLLS_MAX; poll++) {
      const state = (await this.lookUp(authorization)).json() as OperationAnswer['registrationState'];
      if (state.status === 'assigned') return state;
      await sleep(POLL_PAUSE_MS);
    }
    throw new Error(`${this.registrationId} was not assigned in time`);
  }

  /** The key for the hub, out of the answer to an assigned registration; base64. */
  hubKeyIn(registrationState: OperationAnswer['registrationState']): string {
    const { authenticationKey } = registrationState.tpm as { authenticationKey: string };
    return this.tpm.activate(Buffer.from(authenticationKey, 'base64')).key.toString('base64');
  }

  private base(registrationId: string): string {
    return `/${this.service.facts.idScope}/registrations/${registrationId}`;
  }

  private send(method: string, path: string, authorization: string | undefined, body: object): Promise<Answer> {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    return call(this.service.endpoint, { method, host: this.service.host, path, headers, body });
  }
}

function operationIn(answer: Answer): OperationAnswer {
  if (answer.status >= 300) throw new Error(`${answer.status}: ${answer.text}`);
  return answer.json() as OperationAnswer;
}
