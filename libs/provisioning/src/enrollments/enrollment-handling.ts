import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { handleCommand } from '@app/event-sourcing';
import type { EventStore, Position } from '@app/event-sourcing';
import { commandContext, RequestContext } from '../shared/request-context';
import type { SecretBox } from '../shared/secret-box';
import { SealedSecret } from '../shared/shapes';
import { CLOCK, EVENT_STORE, SECRET_BOX } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { EnrollmentDraft, EnrollmentOutcome, EnrollmentTarget } from './enrollment.commands';
import { EnrollmentCommand, enrollmentDecider, EnrollmentState, GeneratedKeys, RequestedEntry } from './enrollment.decider';
import { enrollmentCodec } from './enrollment.events';
import { EnrollmentReader, enrollmentStream } from './enrollment.reader';
import { maskedWebhookUrl, secretOfWebhookUrl } from './webhook-url';

/** Generated symmetric keys have 64 bytes (wire contract §3.2). */
const GENERATED_KEY_BYTES = 64;

/** The facts of commands on enrollments (time, sealed secrets, new keys) and the way to their streams. */
@Injectable()
export class EnrollmentHandling {
  private written: Position | undefined;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(SECRET_BOX) private readonly secrets: SecretBox,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly enrollments: EnrollmentReader,
  ) {}

  /** Position of the last enrollment event that this process wrote. */
  get lastWritten(): Position | undefined {
    return this.written;
  }

  now(): string {
    return this.clock().toISOString();
  }

  generatedKeys(): GeneratedKeys {
    return { primaryKey: this.newKey().secret, secondaryKey: this.newKey().secret };
  }

  /** A new symmetric key, in clear and sealed. */
  newKey(): { readonly plain: string; readonly secret: SealedSecret } {
    const plain = randomBytes(GENERATED_KEY_BYTES).toString('base64');
    return { plain, secret: this.secrets.seal(plain) };
  }

  sealed({ attestation, customAllocationDefinition, ...rest }: EnrollmentDraft): RequestedEntry {
    const entry = { ...rest, customAllocationDefinition: this.sealedWebhook(customAllocationDefinition) };
    if (attestation.type !== 'symmetricKey') return { ...entry, attestation };
    const seal = (key: string | null) => (key === null ? null : this.secrets.seal(key));
    const { type, primaryKey, secondaryKey } = attestation;
    return { ...entry, attestation: { type, primaryKey: seal(primaryKey), secondaryKey: seal(secondaryKey) } };
  }

  private sealedWebhook(webhook: EnrollmentDraft['customAllocationDefinition']): RequestedEntry['customAllocationDefinition'] {
    if (webhook === null) return null;
    const { webhookUrl, apiVersion } = webhook;
    const secret = secretOfWebhookUrl(webhookUrl);
    const webhookQuery = secret === null || secret === 'keep' ? secret : this.secrets.seal(secret.query);
    return { webhookUrl: maskedWebhookUrl(webhookUrl), apiVersion, webhookQuery };
  }

  async handle(
    { kind, id }: EnrollmentTarget,
    command: EnrollmentCommand,
    request: RequestContext,
  ): Promise<EnrollmentOutcome<EnrollmentState>> {
    const { store } = this;
    const { state, position } = await handleCommand(
      { store, decider: enrollmentDecider, codec: enrollmentCodec, states: this.enrollments.states },
      commandContext(enrollmentStream(kind, id), request),
      command,
    );
    if (position !== undefined) this.noteWritten(position);
    return { state, position };
  }

  /** For commands after which the entry exists. */
  async handlePresent(target: EnrollmentTarget, command: EnrollmentCommand, request: RequestContext): Promise<EnrollmentOutcome> {
    const { state, position } = await this.handle(target, command, request);
    if (state.status === 'absent') throw new Error(`after ${command.type} there is no enrollment ${target.id}`);
    return { state, position };
  }

  private noteWritten(position: Position): void {
    if (this.written === undefined || this.store.comparePositions(this.written, position) < 0) this.written = position;
  }
}
