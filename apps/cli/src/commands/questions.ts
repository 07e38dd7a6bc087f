import { columns } from '../output/columns';
import { exitCode, usageError } from '../exit-codes';
import { Context, Verb, verb } from '../verb';
import { countIn, objectIn, part, shared } from './inputs';

const { text } = shared;
const device = { 'registration-id': { ...text('Registration id of the device'), demandOption: true } } as const;

export const whyVerb: Verb = verb({
  command: 'why <registration-id>',
  summary: 'Why a device is where it is, in sentences',
  options: {
    ...device,
    at: shared.at,
    revision: shared.revision,
    preview: { type: 'boolean', describe: 'Also what would happen if it came back now' },
  },
  examples: [
    ['why sn-42', 'the decision and what it was made of'],
    ['why sn-42 --at 2026-01-31T08:00:00Z', 'as it was then'],
  ],
  run: async ({ registrationId, at, revision, preview }, { service, printer }) => {
    const query = { at, revision, preview };
    const why = (await service.manage('GET', `/devices/${part(registrationId)}/why`, { query })) as { sentences: string[] };
    printer.text(why.sentences.join('\n'), why);
  },
});

interface Preview {
  readonly outcome: string;
  readonly action: string | null;
  readonly hub: string | null;
  readonly error: { readonly code: number; readonly message: string } | null;
  readonly rules: readonly { readonly rule: string; readonly outcome: string }[];
}

export const previewVerb: Verb = verb({
  command: 'preview <registration-id>',
  summary: 'What would happen if a device came back now; nothing is changed',
  options: {
    ...device,
    'enrollment-group-id': text('Group of a device that never registered', ['group-id', 'gid']),
    'api-version': text('Version of the API that the device would use', 'av'),
    payload: text('What the device would send along, as JSON or @file'),
    'remote-address': text('IP address from which it would call'),
    'call-webhook': { type: 'boolean', describe: 'Really call the web service of a custom allocation' },
  },
  examples: [
    ['preview sn-42', 'rule by rule'],
    ['preview sn-99 --enrollment-group-id line-7', 'a device that is new'],
  ],
  run: async (values, { service, printer }) => {
    const { registrationId, enrollmentGroupId, apiVersion, payload, remoteAddress, callWebhook } = values;
    const body = { enrollmentGroupId, apiVersion, payload: objectIn('payload', payload), remoteAddress, callWebhook };
    const preview = (await service.manage('POST', `/registrations/${part(registrationId)}/preview`, { body })) as Preview;
    const { outcome, action, hub, error, rules } = preview;
    const result =
      error === null ? `${action ?? 'nothing'}${hub === null ? '' : ` at ${hub}`}` : `${error.code} ${error.message}`;
    const lines = rules.map(({ rule, outcome: said }) => `  ${rule}: ${said}`);
    printer.text([`${outcome}: ${result}`, ...lines].join('\n'), preview);
    return outcome === 'fail' || outcome === 'refuse' ? exitCode.no : exitCode.ok;
  },
});

interface Fleet {
  readonly at: string;
  readonly devices: number;
  readonly hubs: readonly { readonly hub: string; readonly devices: number }[];
  readonly statuses: readonly { readonly status: string; readonly devices: number }[];
}

export const atVerb: Verb = verb({
  command: 'at [time]',
  summary: 'The fleet, or one device, as it was at a time',
  options: {
    time: text('Such as 2026-01-31T08:00:00Z; now when left out'),
    'registration-id': text('One device in the place of the fleet', 'rid'),
    revision: text('With a device: as it was after this revision of its stream, in the place of a time'),
    twin: { type: 'boolean', describe: 'With a device: its twin data in the place of where it was' },
    devices: { type: 'boolean', describe: 'List the devices in the place of counts' },
    hub: text('With --devices: only those that were on this hub'),
    status: text('With --devices: only those with this status'),
    top: shared.top,
  },
  examples: [
    ['at 2026-01-31T08:00:00Z', 'how many devices were on each hub'],
    ['at 2026-01-31T08:00:00Z --devices --hub hub-a.example.com', 'which ones'],
    ['at --registration-id sn-42 --revision 4 --twin', 'what a device had'],
  ],
  run: async (values, context) => {
    const { time, registrationId, revision, twin, devices, hub, status, top } = values;
    const { service, printer } = context;
    if (registrationId !== undefined) {
      const path = `/devices/${part(registrationId)}${twin === true ? '/twin' : ''}`;
      printer.one(await service.manage('GET', path, { query: { at: time, revision } }));
    } else if (revision !== undefined || twin === true) {
      throw usageError('--revision and --twin go with --registration-id');
    } else if (devices === true || hub !== undefined || status !== undefined) {
      // Every page has to be of the same moment.
      const at = time ?? new Date().toISOString();
      const items = await service.list('/fleet/devices', { at, hub, status }, countIn('top', top));
      printer.list(columns({ 'registration id': 'registrationId', status: 'status', hub: 'hub', since: 'since' }), items);
    } else await showFleet(time, context);
  },
});

async function showFleet(at: string | undefined, { service, printer }: Context): Promise<void> {
  const fleet = (await service.manage('GET', '/fleet', { query: { at } })) as Fleet;
  if (printer.format === 'json') {
    printer.json(fleet);
    return;
  }
  printer.line(`${fleet.devices} devices at ${fleet.at}`);
  if (fleet.hubs.length > 0) printer.list(columns({ hub: 'hub', devices: 'devices' }), fleet.hubs);
  if (fleet.statuses.length > 0) printer.list(columns({ status: 'status', devices: 'devices' }), fleet.statuses);
}

interface Diff {
  readonly from: string;
  readonly to: string;
  readonly totals: Readonly<Record<string, number>>;
}

export const diffVerb: Verb = verb({
  command: 'diff <from> [to]',
  summary: 'What is different between two times: who moved, came and went, and whose twin changed',
  options: {
    from: { ...text('The earlier time'), demandOption: true },
    to: text('The later time; now when left out'),
    top: shared.top,
  },
  examples: [
    ['diff 2026-01-31T08:00:00Z 2026-01-31T09:00:00Z', 'an hour'],
    ['diff 2026-01-31 -o json', 'all since then'],
  ],
  run: async ({ from, to, top }, { service, printer }) => {
    const query = { from, to: to ?? new Date().toISOString() };
    const { totals, ...range } = (await service.manage('GET', '/fleet/diff', { query: { ...query, limit: 1 } })) as Diff;
    const items = await service.list('/fleet/diff', query, countIn('top', top));
    if (printer.format === 'json') {
      printer.json({ from: range.from, to: range.to, totals, items });
      return;
    }
    printer.line(
      Object.entries(totals)
        .map(([what, count]) => `${what}: ${count}`)
        .join(', '),
    );
    const shown = {
      'registration id': 'registrationId',
      change: 'change',
      from: 'from.hub',
      to: 'to.hub',
      'twin changed': 'twinChanged',
    };
    printer.list(columns(shown), items);
  },
});

interface Flow {
  readonly from: string | null;
  readonly to: string;
  readonly action: string;
  readonly devices: number;
  readonly steps: readonly { readonly at: string; readonly devices: number }[];
}

interface Flows {
  readonly since: string;
  readonly until: string;
  readonly devices: number;
  readonly flows: readonly Flow[];
}

export const flowsVerb: Verb = verb({
  command: 'flows',
  summary: 'How many devices came to each hub, and from where, over time',
  options: {
    since: shared.since,
    until: shared.until,
    step: { choices: ['hour', 'day'], default: 'hour', describe: 'Counted by', requiresArg: true },
    each: { type: 'boolean', describe: 'List every hour or day in which devices came, in the place of sums' },
  },
  examples: [
    ['flows', 'the last day'],
    ['flows --since 2026-01-01 --until 2026-02-01 --step day --each', 'each day of January'],
  ],
  run: async ({ since, until, step, each }, { service, printer }) => {
    const told = (await service.manage('GET', '/fleet/flows', { query: { since, until, step } })) as Flows;
    if (printer.format === 'json') {
      printer.json(told);
      return;
    }
    printer.line(`${told.devices} devices came to a hub from ${told.since} to ${told.until}`);
    const sums = { from: 'from', to: 'to', action: 'action', devices: 'devices' };
    if (each === true) printer.list(columns({ [step]: 'at', ...sums }), byStep(told.flows));
    else printer.list(columns(sums), told.flows);
  },
});

/** Earliest first. */
function byStep(flows: readonly Flow[]): readonly object[] {
  const rows = flows.flatMap(({ steps, ...flow }) => steps.map((step) => ({ ...flow, ...step })));
  return rows.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

export const reprovisionVerb: Verb = verb({
  command: 'reprovision <registration-id>',
  summary: 'Ask a connected device, by a direct method, to come back now',
  options: device,
  examples: [['reprovision sn-42', 'exit code 1 when it could not be asked']],
  run: async ({ registrationId }, { service, printer }) => {
    const answer = (await service.manage('POST', `/devices/${part(registrationId)}/reprovision-request`)) as { outcome: string };
    printer.one(answer);
    return answer.outcome === 'accepted' ? exitCode.ok : exitCode.no;
  },
});
