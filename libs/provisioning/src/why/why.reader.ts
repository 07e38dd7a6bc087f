import { Inject, Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { EventStore, RecordedEvent } from '@app/event-sourcing';
import { AttestationFailure, findAttestationFailure } from '../attestation-failures/attestation-failures.queries';
import { enrollmentStream } from '../enrollments/enrollment.reader';
import { linkedHubsStream } from '../hubs/hub.events';
import { ProblemError } from '../management/problem';
import type { Preview } from '../registrations/preview';
import { PreviewRegistration } from '../registrations/preview.query';
import { registrationStream } from '../registrations/registration.events';
import type { ReadDatabase } from '../shared/read-database';
import { CLOCK, EVENT_STORE, READ_DATABASE } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { Moment, isMoment, pastOf } from '../time-travel/moment';
import { Change, enrollmentChanges, hubChanges } from './changes';
import { Context, Explanation, explain } from './explain';
import { WhyFacts, factsOf } from './facts';
import { Chapter, Story, decisionBefore, isMove, storyOf } from './story';

export interface Why extends Explanation {
  readonly registrationId: string;
  readonly facts: WhyFacts;
}

/** What a device sends that speaks no older version; only for a device that never registered. */
const API_VERSION_DEFAULT = '2019-03-31';
/** Events of an enrollment or of the linked hubs that are read to find what changed. */
const CHANGES_READ_MAX = 5_000;

/** Gathers what the explanation of a device needs, from the log and from what is known of failed attestations. */
@Injectable()
export class WhyReader {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly queries: QueryBus,
  ) {}

  /** Errors: as `pastOf`; `ProblemError` 404 for an id that nothing is known of. */
  async why(registrationId: string, moment: Moment, withPreview: boolean): Promise<Why> {
    const ofThePast = isMoment(moment);
    if (ofThePast && withPreview) throw ProblemError.invalidRequest('A preview is about now, not about a moment of the past.');
    const events = ofThePast ? await this.past(registrationId, moment) : await this.present(registrationId);
    const story = storyOf(registrationId, events);
    const [failure, preview] = await Promise.all([
      ofThePast ? null : this.failureSince(story),
      withPreview ? this.preview(story) : null,
    ]);
    if (events.length === 0 && failure === null && !(await this.isEnrolled(registrationId))) {
      throw ProblemError.notFound(`Nothing is known of ${registrationId}.`);
    }
    const context: Context = { ...(await this.changesBefore(story)), attestationFailure: failure, preview };
    return { registrationId: story.registrationId, ...explain(story, context), facts: factsOf(story, context) };
  }

  private async past(registrationId: string, moment: Moment): Promise<readonly RecordedEvent[]> {
    const of = { stream: registrationStream(registrationId), registrationId };
    return (await pastOf(this.store, of, moment, this.clock())).events;
  }

  private async present(registrationId: string): Promise<readonly RecordedEvent[]> {
    return (await this.store.readStream(registrationStream(registrationId))).events;
  }

  private async failureSince({ registrationId, chapters, deleted }: Story): Promise<AttestationFailure | null> {
    const failure = await findAttestationFailure(this.database, registrationId);
    const last = chapters.at(-1)?.startedAt ?? deleted?.at;
    return failure === undefined || (last !== undefined && failure.lastFailedAt <= last) ? null : failure;
  }

  private async isEnrolled(registrationId: string): Promise<boolean> {
    return (await this.store.readStream(enrollmentStream('individual', registrationId), { maxCount: 1 })).exists;
  }

  /** As if the device called as it did last time, without a payload; webhooks are not called. */
  private preview({ registrationId, chapters }: Story): Promise<Preview | undefined> {
    const apiVersion = chapters.findLast(({ grounds }) => grounds !== null)?.grounds?.apiVersion ?? API_VERSION_DEFAULT;
    const nothing = { payload: null, remoteAddress: null, enrollmentGroupId: null, callWebhook: false };
    return this.queries.execute(new PreviewRegistration(registrationId, { apiVersion, ...nothing }));
  }

  private async changesBefore({ chapters }: Story): Promise<Pick<Context, 'enrollmentChanges' | 'hubChanges'>> {
    const last = chapters.at(-1);
    if (last === undefined) return { enrollmentChanges: [], hubChanges: [] };
    const before = decisionBefore(chapters, last);
    const [ofEnrollment, ofHubs] = await Promise.all([this.enrollmentChanges(last, before), this.hubChanges(last, before)]);
    return { enrollmentChanges: ofEnrollment, hubChanges: ofHubs };
  }

  private async enrollmentChanges({ grounds, ending }: Chapter, before: Chapter | undefined): Promise<readonly Change[]> {
    const enrollment = ending?.kind === 'refused' ? ending.data.enrollment : grounds?.enrollment;
    if (enrollment === undefined) return [];
    const { kind, id, revision } = enrollment;
    const changes = enrollmentChanges(await this.readUpTo(enrollmentStream(kind, id), revision));
    const known = before?.grounds?.enrollment;
    if (known?.kind === kind && known.id.toLowerCase() === id.toLowerCase()) {
      return changes.filter((change) => BigInt(change.revision) > BigInt(known.revision));
    }
    if (before !== undefined) return changes.filter(({ at }) => at > before.startedAt);
    return ending?.kind === 'refused' ? changes.slice(-1) : [];
  }

  /** Changes of hubs explain a move or a failure; that a device stays needs no such explanation. */
  private async hubChanges({ grounds, started, ending }: Chapter, before: Chapter | undefined): Promise<readonly Change[]> {
    const revision = grounds?.allocation.hubsRevision ?? null;
    const known = before?.grounds?.allocation.hubsRevision ?? null;
    const went = ending?.kind === 'failed' || (started !== null && isMove(started.plan));
    if (!went || revision === null || known === null || revision === known) return [];
    const changes = hubChanges(await this.readUpTo(linkedHubsStream, revision));
    return changes.filter((change) => BigInt(change.revision) > BigInt(known));
  }

  /** From the beginning if it is not too far, so that each event can be compared with what was before it. */
  private async readUpTo(stream: string, revision: string): Promise<readonly RecordedEvent[]> {
    const maxCount = Math.min(Number(revision) + 1, CHANGES_READ_MAX);
    const last = BigInt(revision);
    const fromRevision = last - BigInt(maxCount) + 1n;
    return (await this.store.readStream(stream, { fromRevision, maxCount })).events;
  }
}
