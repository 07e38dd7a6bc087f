import type { AttestationFailure } from '../attestation-failures/attestation-failures.queries';
import type { Preview } from '../registrations/preview';
import { ReprovisionOutcome } from '../registrations/registration.events';
import { Change } from './changes';
import { Chapter, Story } from './story';
import { actorName, capitalized, counted, enrollmentName, enumerated, transportName } from './words';

/** Longest list of changes that is told. */
const CHANGES_TOLD_MAX = 10;

export interface Changes {
  readonly enrollmentChanges: readonly Change[];
  readonly hubChanges: readonly Change[];
}

/** Who had changed something since the decision before. */
export function changeSentences({ grounds, ending }: Chapter, { enrollmentChanges, hubChanges }: Changes): string[] {
  const enrollment = grounds?.enrollment ?? (ending?.kind === 'refused' ? ending.data.enrollment : undefined);
  const name = enrollment === undefined ? 'the enrollment' : enrollmentName(enrollment);
  const sentences = [
    ...enrollmentChanges.map((change) => {
      const { at, actor, revision, what } = change;
      return `${capitalized(actorName(actor))} had changed ${name} at ${at} (revision ${revision}): ${enumerated(what)}.`;
    }),
    ...hubChanges.map(
      ({ at, actor, what }) => `${capitalized(actorName(actor))} had changed the linked hubs at ${at}: ${enumerated(what)}.`,
    ),
  ];
  const left = sentences.length - CHANGES_TOLD_MAX;
  return left <= 0 ? sentences : [...sentences.slice(left), `Before that there were ${counted(left, 'more change')}.`];
}

export function failureSentence({ chapters }: Story, failure: AttestationFailure): string {
  const { failures, lastFailedAt, transport, reason } = failure;
  const since = chapters.length === 0 ? 'It' : 'Since then it';
  return `${since} failed to prove itself, ${counted(failures, 'time')} in all and last at ${lastFailedAt} over ${transportName(transport)}: ${reason.replace(/\.$/, '')}.`;
}

export function requestSentences({ request }: Story): string[] {
  if (request === null) return [];
  const { by, at, hub, outcome } = request;
  return [`${capitalized(actorName(by))} asked it at ${at}, on ${hub}, to register again: ${outcomeWords(outcome)}.`];
}

function outcomeWords(outcome: ReprovisionOutcome): string {
  switch (outcome) {
    case 'accepted':
      return 'it said that it would';
    case 'declined':
      return 'it declined';
    case 'notOnline':
      return 'it was not online';
    case 'timedOut':
      return 'it did not answer in time';
    case 'hubRefused':
      return 'the hub refused to ask it';
    case 'hubUnreachable':
      return 'the hub could not be reached';
  }
}

export function previewSentences(preview: Preview | null | undefined): string[] {
  if (preview === null) return [];
  if (preview === undefined) return ['If it registered now, no enrollment would be known for it.'];
  const { outcome, hub, previousHub, error, grounds, enrollment } = preview;
  const now = 'If it registered now,';
  switch (outcome) {
    case 'join':
      return [`${now} it would join the registration that is under way.`];
    case 'refuse':
      return [`${now} it would be refused, because ${enrollmentName(enrollment)} is disabled.`];
    case 'fail':
      return [`${now} that would fail: ${error?.message.replace(/\.$/, '') ?? 'no hub would be found'}.`];
    case 'assign': {
      const place = hub === previousHub ? `it would stay on ${hub ?? 'no hub'}` : `it would go to ${hub ?? 'no hub'}`;
      return [`${now} ${place}: ${grounds?.reason ?? 'nothing would be decided'}.`];
    }
  }
}
