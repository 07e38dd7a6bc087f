import { CarriedTwin } from '../registrations/registration.events';
import { InitialTwin } from '../shared/shapes';
import { contents } from './decision.words';
import { Chapter } from './story';
import { counted, propertiesIn } from './words';

/** What the device found at its hub, with how many properties. */
export interface TwinCarried {
  /** `kept`: the one that was there. */
  readonly source: 'initialTwin' | 'webhook' | 'migrated' | 'kept';
  /** Null where it came from no hub. */
  readonly from: string | null;
  readonly tags: number | null;
  readonly desired: number | null;
  readonly reported: number | null;
  readonly modules: number;
  /** False where the new hub could not be given reported properties and versions. */
  readonly complete: boolean;
}

const counts = ({ tags, desired, reported }: CarriedTwin): Pick<TwinCarried, 'tags' | 'desired' | 'reported'> => ({
  tags: propertiesIn(tags),
  desired: propertiesIn(desired.values),
  reported: propertiesIn(reported.values),
});

/** Null for a registration that changed nothing at a hub. */
export function twinCarried({ started, migrated, reset, ending, grounds }: Chapter): TwinCarried | null {
  if (started === null || ending?.kind === 'failed') return null;
  if (migrated !== null) {
    const { from, twin, modules, complete } = migrated;
    return { source: 'migrated', from, ...counts(twin), modules: modules?.length ?? 0, complete };
  }
  const source = grounds?.allocation.webhook?.hadInitialTwin === true ? 'webhook' : 'initialTwin';
  const initial = (twin: InitialTwin, from: string | null): TwinCarried => {
    const { tags, desired } = { tags: propertiesIn(twin.tags), desired: propertiesIn(twin.desired) };
    return { source, from, tags, desired, reported: 0, modules: 0, complete: true };
  };
  if (reset !== null) return initial(reset.initialTwin, reset.from);
  if (ending?.kind !== 'assigned') return null;
  const lost = started.plan.action === 'migrate' || started.plan.action === 'keep';
  if (ending.data.created) return initial(started.initialTwin, lost ? started.plan.to : null);
  return { source: 'kept', from: null, tags: null, desired: null, reported: null, modules: 0, complete: true };
}

export function twinSentences(chapter: Chapter): string[] {
  const twin = twinCarried(chapter);
  const { started, migrated, reset, recorded } = chapter;
  if (twin === null || started === null) return [];
  const { tags, desired, reported, source, modules, complete } = twin;
  const amount = contents(tags ?? 0, desired ?? 0, reported ?? 0);
  const initial = source === 'webhook' ? 'the initial twin that the webhook gave' : 'the initial twin of the enrollment';
  const { action, to } = started.plan;
  if (migrated !== null) {
    const back = action === 'migrate' && started.plan.restores !== undefined;
    const along = modules === 0 ? '' : `, and ${counted(modules, 'module')}`;
    const went = back
      ? `It got back the twin that it had before the campaign: ${amount}${along}.`
      : `Its twin went along from ${migrated.from}: ${amount}${along}.`;
    const kept = `${to} could not be given reported properties and versions, so they are kept in the log.`;
    return [went, ...(complete ? [] : [kept]), ...disabledBefore(recorded)];
  }
  if (reset !== null) return [`It started anew from ${initial}: ${amount}.`, ...disabledBefore(recorded)];
  if (source === 'kept') return [action === 'create' ? `${to} had the device already.` : 'Its twin was left as it was.'];
  switch (action) {
    case 'create':
    case 'reset':
      return [`It began with ${initial}: ${amount}.`];
    case 'migrate':
      return [`${started.plan.from} did not have the device any more, so it began with ${initial}: ${amount}.`];
    case 'keep':
      return [`${to} had lost the device, so it began there again with ${initial}: ${amount}.`];
  }
}

function disabledBefore(recorded: Chapter['recorded']): string[] {
  return recorded?.status === 'disabled' ? [`It was disabled at ${recorded.hub} and so is still disabled.`] : [];
}
