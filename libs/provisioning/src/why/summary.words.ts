import { currentAssignment } from '../registrations/registration.state';
import { Chapter, Story } from './story';
import { actorName, enrollmentName } from './words';

/** Where the device is, and the reason, in one sentence. */
export function stateSummary(story: Story): string {
  const { registrationId, state, chapters, deleted } = story;
  const device = `Device ${registrationId}`;
  const last = chapters.at(-1);
  if (last === undefined) {
    if (deleted === null) return `${device} has never registered.`;
    const { hub } = placeBefore(deleted.chapters);
    const was = hub === null ? 'it had no hub' : `it had been on ${hub}`;
    return `${device} is not registered: ${actorName(deleted.by)} deleted its registration at ${deleted.at}; until then ${was}.`;
  }
  switch (state.status) {
    case 'unassigned':
      return `${device} is not registered.`;
    case 'assigning':
      return assigning(device, last);
    case 'assigned':
      return `${device} is on ${state.hub} because ${reasonOf(last, chapters)}.`;
    case 'failed':
      return `${device} ${stays(story)}: its registration at ${last.startedAt} failed with error ${state.errorCode}, because ${failure(last)}.`;
    case 'disabled': {
      const { enrollment } = state;
      return `${device} ${stays(story)}: it was refused at ${last.startedAt}, because ${enrollmentName(enrollment)} was disabled (revision ${enrollment.revision}).`;
    }
  }
}

function placeBefore(chapters: readonly Chapter[]): { readonly hub: string | null } {
  for (const { ending } of chapters.toReversed()) {
    if (ending?.kind === 'assigned') return { hub: ending.data.hub };
  }
  return { hub: null };
}

function stays({ state }: Story): string {
  const hub = currentAssignment(state)?.hub;
  return hub === undefined ? 'is on no hub' : `stays on ${hub}`;
}

function assigning(device: string, { started, startedAt, recorded, migrated, reset }: Chapter): string {
  if (started === null) return `${device} is being assigned.`;
  const { plan } = started;
  const since = `since ${startedAt}`;
  const step =
    migrated !== null || reset !== null
      ? 'its twin is at the new hub, and the old one is being cleared'
      : recorded === null
        ? 'nothing has been changed at a hub yet'
        : `its twin is being fetched from ${recorded.hub}`;
  switch (plan.action) {
    case 'create':
      return `${device} is being assigned to ${plan.to} ${since}, its first hub, because ${reasonOfStart(started, false)}.`;
    case 'keep':
      return `${device} is being confirmed on ${plan.to} ${since}, because ${reasonOfStart(started, false)}.`;
    case 'migrate':
      return `${device} is on its way from ${plan.from} to ${plan.to} ${since}, because ${reasonOfStart(started, false)}; ${step}.`;
    case 'reset': {
      const from = plan.from ?? 'a hub that is not linked any more';
      const way = plan.from === plan.to ? `is being reset on ${plan.to}` : `is on its way from ${from} to ${plan.to}`;
      return `${device} ${way} ${since}, because ${reasonOfStart(started, false)}; ${step}.`;
    }
  }
}

/** Completes "the device is on its hub because …". */
function reasonOf(chapter: Chapter, chapters: readonly Chapter[]): string {
  const { started, startedAt, ending } = chapter;
  if (started === null) return 'it was assigned there';
  const again = chapters.length > 1 ? `it registered again at ${startedAt} and ` : '';
  if (started.plan.action === 'create')
    return `its first registration, at ${startedAt}, led there: ${reasonOfStart(started, true)}`;
  const recreated = started.plan.action === 'keep' && ending?.kind === 'assigned' && ending.data.created;
  const lost = recreated ? '; the hub had lost it and has it again' : '';
  return `${again}${reasonOfStart(started, true)}${lost}`;
}

/** `isDone`: the plan has been carried out. */
function reasonOfStart({ plan, grounds, deviceId, previousDeviceId }: NonNullable<Chapter['started']>, isDone: boolean): string {
  const { policy, allocation } = grounds;
  const { destination } = allocation;
  const sent = destination?.followed === true ? `campaign ${destination.campaignId} sends it there` : null;
  const renamed = previousDeviceId === null ? '' : `, with ${deviceId} as its device id instead of ${previousDeviceId}`;
  switch (plan.action) {
    case 'create':
      return sent ?? allocation.reason;
    case 'keep':
      return stayReason(grounds) ?? sent ?? `the choice fell on ${plan.to} again`;
    case 'migrate': {
      if (plan.restores !== undefined) return `it was sent back from ${plan.from}, where a campaign had sent it${renamed}`;
      const what =
        plan.from === plan.to ? `the choice fell on ${plan.to} again` : `the choice fell on ${plan.to} instead of ${plan.from}`;
      return `${sent ?? what}; its twin ${isDone ? 'went' : 'goes'} along${renamed}`;
    }
    case 'reset': {
      const anew = isDone ? 'started anew' : 'starts anew';
      const chosen =
        sent ??
        `the choice fell on ${plan.to}${plan.from === plan.to ? ' again' : ` instead of ${plan.from ?? grounds.previousHub ?? 'its old hub'}`}`;
      const left = plan.from === null ? ', which is not linked any more' : '';
      const how = policy.effective === 'reset' ? `by its policy it ${anew}` : `it ${anew} with the twin that the webhook gave`;
      return `${chosen}${left}; ${how}${renamed}`;
    }
  }
}

function stayReason({ policy, apiVersion }: NonNullable<Chapter['grounds']>): string | null {
  switch (policy.effective) {
    case 'never':
      return 'its enrollment says that it never leaves its hub';
    case 'sticky':
      return `no policy lets it move and it speaks API version ${apiVersion}, from before reprovisioning`;
    case 'migrate':
    case 'reset':
      return null;
  }
}

function failure({ started, ending }: Chapter): string {
  const message = ending?.kind === 'failed' ? ending.data.errorMessage.replace(/\.$/, '') : '';
  if (started !== null) return `${started.plan.to} could not take it: ${message}`;
  return message.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}

/** Since when the device has been where it is, and how it came. */
export function stayedSince(placement: Chapter, chapters: readonly Chapter[]): string[] {
  const { started, startedAt, ending } = placement;
  if (started === null || ending?.kind !== 'assigned') return [];
  const { hub } = ending.data;
  const { plan } = started;
  const came = `It came to ${hub} at ${placement.endedAt ?? startedAt}`;
  switch (plan.action) {
    case 'create':
      return [`${came}, by its first registration: ${started.grounds.allocation.reason}.`];
    case 'keep':
      return [`It was created again on ${hub} at ${placement.endedAt ?? startedAt}, where it had been lost.`];
    case 'migrate':
      return [
        `${came}, from ${plan.from}${placement.migrated === null ? '' : ' with its twin'}: ${reasonOf(placement, chapters)}.`,
      ];
    case 'reset':
      return [
        plan.from === plan.to
          ? `It was reset on ${hub} at ${placement.endedAt ?? startedAt}.`
          : `${came}, to start anew: ${reasonOf(placement, chapters)}.`,
      ];
  }
}
