import { Actor, RecordedEvent } from '@app/event-sourcing';
import { registrationEventOf } from '../read-models/stored-event';
import { registrationDecider } from '../registrations/registration.decider';
import { AssignmentPlan, Grounds, RegistrationEvent } from '../registrations/registration.events';
import { RegistrationState } from '../registrations/registration.state';

type DataOf<Type extends RegistrationEvent['type']> = Extract<RegistrationEvent, { type: Type }>['data'];

/** How a registration ended: `refused` where the enrollment is disabled, null while it is under way. */
export type Ending =
  | { readonly kind: 'assigned'; readonly data: DataOf<'DeviceAssigned'> }
  | { readonly kind: 'failed'; readonly data: DataOf<'AssignmentFailed'> }
  | { readonly kind: 'refused'; readonly data: DataOf<'RegistrationDisabled'> }
  | null;

/** One registration of the device, from what it asked to what came of it. */
export interface Chapter {
  readonly operationId: string;
  /** ISO 8601 UTC, when the log recorded it. */
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly started: DataOf<'AssignmentStarted'> | null;
  /** Null for a refusal, which looks at nothing but the enrollment. */
  readonly grounds: Grounds | null;
  /** How the device stood at its old hub; null where that did not have it, or nothing was to be moved. */
  readonly recorded: DataOf<'DeviceStatusRecorded'> | null;
  /** The last of them, where the twin changed while it was being moved. */
  readonly migrated: DataOf<'TwinMigrated'> | null;
  readonly reset: DataOf<'TwinReset'> | null;
  readonly ending: Ending;
}

export interface Story {
  readonly registrationId: string;
  readonly state: RegistrationState;
  /** Since the registration was last deleted, in order. */
  readonly chapters: readonly Chapter[];
  /** The life before, where its end is the last that is known. */
  readonly deleted: { readonly at: string; readonly by: Actor; readonly chapters: readonly Chapter[] } | null;
  /** The last request to register again that an operator sent, if there was one since the last registration. */
  readonly request: (DataOf<'ReprovisionRequested'> & { readonly by: Actor }) | null;
}

/** What happened to a device, as a story of its registrations. */
export function storyOf(registrationId: string, events: readonly RecordedEvent[]): Story {
  let story: Story = { registrationId, state: registrationDecider.initialState, chapters: [], deleted: null, request: null };
  for (const recorded of events) {
    const event = registrationEventOf(recorded);
    story = { ...told(story, event, recorded), state: registrationDecider.evolve(story.state, event) };
  }
  return story;
}

function told(story: Story, event: RegistrationEvent, { recordedAt, metadata }: RecordedEvent): Story {
  switch (event.type) {
    case 'AssignmentStarted': {
      const { operationId, registrationId, grounds } = event.data;
      const chapter = { ...blank(operationId, recordedAt), started: event.data, grounds };
      return { ...story, registrationId, chapters: [...story.chapters, chapter], deleted: null, request: null };
    }
    case 'DeviceStatusRecorded':
      return withLast(story, { recorded: event.data });
    case 'TwinMigrated':
      return withLast(story, { migrated: event.data });
    case 'TwinReset':
      return withLast(story, { reset: event.data });
    case 'DeviceAssigned':
      return withLast(story, { ending: { kind: 'assigned', data: event.data }, endedAt: recordedAt });
    case 'AssignmentFailed': {
      const { data } = event;
      const ending = { ending: { kind: 'failed', data }, endedAt: recordedAt } as const;
      if (story.state.status === 'assigning') return withLast(story, ending);
      const chapter = { ...blank(data.operationId, recordedAt), grounds: data.grounds, ...ending };
      return { ...story, chapters: [...story.chapters, chapter], deleted: null, request: null };
    }
    case 'RegistrationDisabled': {
      const { data } = event;
      const ending = { ending: { kind: 'refused', data }, endedAt: recordedAt } as const;
      const chapter = { ...blank(data.operationId, recordedAt), ...ending };
      return { ...story, chapters: [...story.chapters, chapter], deleted: null, request: null };
    }
    case 'ReprovisionRequested':
      return { ...story, request: { ...event.data, by: metadata.actor } };
    case 'RegistrationDeleted': {
      const deleted = { at: recordedAt, by: metadata.actor, chapters: story.chapters };
      return { ...story, chapters: [], deleted, request: null };
    }
    case 'DeviceDeregistered':
    case 'DestinationSet':
    case 'DestinationCleared':
      return story;
  }
}

function blank(operationId: string, startedAt: string): Chapter {
  return {
    operationId,
    startedAt,
    endedAt: null,
    started: null,
    grounds: null,
    recorded: null,
    migrated: null,
    reset: null,
    ending: null,
  };
}

function withLast(story: Story, change: Partial<Chapter>): Story {
  const last = story.chapters.at(-1);
  return last === undefined ? story : { ...story, chapters: [...story.chapters.slice(0, -1), { ...last, ...change }] };
}

/** The registration that brought the device where it is now, be it by a plan to stay at a hub that had lost it; undefined for none. */
export function placementIn(chapters: readonly Chapter[]): Chapter | undefined {
  return chapters.findLast(({ started, ending }) => {
    if (started === null || ending?.kind !== 'assigned') return false;
    return started.plan.action !== 'keep' || ending.data.created;
  });
}

/** The last registration before this one whose decision had grounds. */
export function decisionBefore(chapters: readonly Chapter[], chapter: Chapter): Chapter | undefined {
  return chapters.slice(0, chapters.indexOf(chapter)).findLast(({ grounds }) => grounds !== null);
}

/** Whether the device went, or is to go, from one hub to another. */
export function isMove(plan: AssignmentPlan): boolean {
  return (plan.action === 'migrate' || plan.action === 'reset') && plan.from !== plan.to;
}
