import type { AttestationFailure } from '../attestation-failures/attestation-failures.queries';
import type { Preview } from '../registrations/preview';
import { currentAssignment } from '../registrations/registration.state';
import { Change } from './changes';
import { changeSentences, failureSentence, previewSentences, requestSentences } from './context.words';
import { attestationSentence, decisionSentences } from './decision.words';
import { Chapter, Story, placementIn } from './story';
import { stateSummary, stayedSince } from './summary.words';
import { twinSentences } from './twin.words';

/** What is known besides the device's own events. */
export interface Context {
  /** Changes between the decision that is explained and the one before: of the enrollment, and of the linked hubs. */
  readonly enrollmentChanges: readonly Change[];
  readonly hubChanges: readonly Change[];
  /** How it failed to prove itself, if that was after its last registration. */
  readonly attestationFailure: AttestationFailure | null;
  /** Null where it was not asked for; undefined where no enrollment is known. */
  readonly preview: Preview | null | undefined;
}

export const noContext: Context = { enrollmentChanges: [], hubChanges: [], attestationFailure: null, preview: null };

export interface Explanation {
  /** The first sentence: where the device is, and the reason. */
  readonly summary: string;
  /** In the order in which they are to be read, the summary first. */
  readonly sentences: readonly string[];
}

/** Why a device is where it is, in plain sentences. Pure: the same history gives the same words. */
export function explain(story: Story, context: Context = noContext): Explanation {
  const summary = stateSummary(story);
  const after = [
    ...(context.attestationFailure === null ? [] : [failureSentence(story, context.attestationFailure)]),
    ...requestSentences(story),
    ...previewSentences(context.preview),
  ];
  const sentences = [summary, ...reasons(story, context), ...after];
  return { summary, sentences };
}

function reasons(story: Story, context: Context): string[] {
  const { chapters, deleted, state } = story;
  const last = chapters.at(-1);
  if (last === undefined) {
    const before = deleted === null ? undefined : placementIn(deleted.chapters);
    return before === undefined ? [] : stayedSince(before, deleted?.chapters ?? []);
  }
  const hub = currentAssignment(state)?.hub;
  const placement = placementIn(chapters);
  const changes = changeSentences(last, context);
  if (last.ending?.kind === 'refused') {
    return [...changes, ...(placement === undefined ? [] : stayedSince(placement, chapters))];
  }
  const decided = [...decisionOf(last), ...twinSentences(last), ...changes, ...proofOf(last)];
  const elsewhere = placement === undefined || placement === last || hub === undefined;
  return elsewhere ? decided : [...decided, ...stayedSince(placement, chapters)];
}

function decisionOf({ grounds }: Chapter): string[] {
  return grounds === null ? [] : decisionSentences(grounds, grounds.previousHub === null);
}

function proofOf({ grounds }: Chapter): string[] {
  return grounds === null ? [] : [attestationSentence(grounds)];
}
