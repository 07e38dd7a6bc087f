/** As a person types it. */
export interface CampaignForm {
  readonly name: string;
  /** `hub`, `group`, `tag` or `devices`. */
  readonly way: string;
  readonly which: string;
  readonly tagValue: string;
  readonly hubs: readonly string[];
  readonly waveSize: string;
  readonly pauseS: string;
  readonly failuresMax: string;
}

const NAME_CHARACTERS_MAX = 128;
const WAVE_MAX = 1_000;
const PAUSE_MAX_S = 86_400;
const FAILURES_MAX = 1_000_000;

/** A sentence for each member that is not as it must be. */
export function problemsOf(form: CampaignForm): Partial<Record<keyof CampaignForm, string>> {
  const problems: Partial<Record<keyof CampaignForm, string>> = {};
  if (form.name.length > NAME_CHARACTERS_MAX) problems.name = `At most ${NAME_CHARACTERS_MAX} characters.`;
  if (form.which.trim() === '') problems.which = 'Say which devices.';
  if (form.hubs.length === 0) problems.hubs = 'Choose at least one.';
  if (!isWhole(form.waveSize, 1, WAVE_MAX)) problems.waveSize = `A whole number from 1 to ${WAVE_MAX}.`;
  if (!isWhole(form.pauseS, 0, PAUSE_MAX_S)) problems.pauseS = `A whole number from 0 to ${PAUSE_MAX_S}.`;
  if (form.failuresMax !== '' && !isWhole(form.failuresMax, 0, FAILURES_MAX))
    problems.failuresMax = 'A whole number, or nothing.';
  return problems;
}

export function bodyOf(form: CampaignForm): object {
  return {
    ...(form.name === '' ? {} : { name: form.name }),
    selection: selectionOf(form),
    hubs: form.hubs,
    waveSize: Number(form.waveSize),
    pauseS: Number(form.pauseS),
    failuresMax: form.failuresMax === '' ? null : Number(form.failuresMax),
  };
}

function selectionOf({ way, which, tagValue }: CampaignForm): object {
  switch (way) {
    case 'hub':
      return { hub: which };
    case 'tag':
      return { tag: which.trim(), value: valueOf(tagValue) };
    case 'devices':
      return { registrationIds: which.split(/[\s,]+/).filter((id) => id !== '') };
    default:
      return { enrollmentGroupId: which.trim() };
  }
}

/** `true` and `5` are what they look like; whoever means the texts puts them in quotation marks. */
function valueOf(text: string): string | number | boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : text;
  } catch {
    return text;
  }
}

function isWhole(text: string, min: number, max: number): boolean {
  return /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max;
}
