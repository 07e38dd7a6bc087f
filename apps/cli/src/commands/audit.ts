import { columns } from '../output/columns';
import { Noun, Verb, verb } from '../verb';
import { countIn, part, shared } from './inputs';

const { text } = shared;

const eventColumns = columns({
  time: 'time',
  event: 'type',
  device: 'registrationId',
  enrollment: 'enrollment.id',
  hubs: 'hubs',
  by: 'actor.name',
  position: 'position',
});

const filters = {
  type: text('Only events of this type, such as DeviceAssigned'),
  actor: text('Only by this one: operator:anna, device:sn-42, system; any other word is an operator'),
  since: shared.since,
  until: shared.until,
} as const;

/** Filters of the whole log. */
export const logFilters = {
  ...filters,
  hub: text('Only events that name this hub'),
  'enrollment-id': text('Only those of this individual enrollment and decisions made by it', 'eid'),
  'enrollment-group-id': text('Only those of this enrollment group and decisions made by it', ['group-id', 'gid']),
  'registration-id': text('Only those of this device', 'rid'),
} as const;

const order = { choices: ['asc', 'desc'], default: 'desc', describe: 'desc begins with the newest', requiresArg: true } as const;

const histories = {
  device: '/devices',
  enrollment: '/enrollments',
  'enrollment-group': '/enrollment-groups',
  'linked-hub': '/linked-hubs',
} as const;

export const historyVerb: Verb = verb({
  command: 'history <id>',
  summary: 'What happened to a device, an enrollment or a hub: when, by whom and why',
  options: {
    id: { ...text('Registration id, enrollment id or host name'), demandOption: true },
    of: {
      choices: Object.keys(histories) as (keyof typeof histories)[],
      default: 'device' as const,
      describe: 'What the id names',
      requiresArg: true,
    },
    ...filters,
    order,
    twin: { type: 'boolean', default: true, describe: 'For a device: also what happened at its hubs; --no-twin leaves it out' },
    top: shared.top,
  },
  examples: [
    ['history sn-42', 'everything that ever happened to a device'],
    ['history line-7 --of enrollment-group --since 2026-01-31', 'changes of a group and its decisions'],
    ['history hub-a.example.com --of linked-hub --type DeviceAssigned -o json', 'who came to a hub'],
  ],
  run: async (values, { service, printer }) => {
    const { id, of, type, actor, since, until, order: sorted, twin, top } = values;
    const only = of === 'device' ? { twin } : { actor };
    const query = { type, since, until, order: sorted, ...only };
    printer.list(eventColumns, await service.list(`${histories[of]}/${part(id)}/history`, query, countIn('top', top)));
  },
});

export const auditNoun: Noun = {
  command: 'audit',
  summary: 'The log of everything, and what proves that nobody changed it',
  verbs: [
    verb({
      command: 'list',
      summary: 'Events of the whole log',
      options: { ...logFilters, order, top: shared.top },
      examples: [['audit list --actor operator:anna --since 2026-01-31', 'what Anna did']],
      run: async (values, { service, printer }) => {
        const query = { ...filterQuery(values), order: values.order };
        printer.list(eventColumns, await service.list('/audit/events', query, countIn('top', values.top)));
      },
    }),
    verb({
      command: 'event <position>',
      summary: 'One event whole, with its hashes and its neighbours',
      options: { position: { ...text('Its position in the log'), demandOption: true } },
      examples: [['audit event 1042 -o json', 'with its grounds']],
      run: async ({ position }, { service, printer }) => {
        printer.one(await service.manage('GET', `/audit/events/${part(position)}`));
      },
    }),
    verb({
      command: 'roots',
      summary: 'Signed statements about the log up to a position; keep a copy elsewhere',
      options: {
        log: { choices: ['provisioning', 'hubs'], default: 'provisioning', describe: 'Which log', requiresArg: true },
        after: { type: 'number', default: 0, describe: 'Number of the last root that is known already', requiresArg: true },
        top: shared.top,
      },
      examples: [['audit roots -o json > roots.json', 'to keep']],
      run: async ({ log, after, top }, { service, printer }) => {
        const query = { log, after, limit: countIn('top', top, ROOTS_MAX) };
        const { items } = (await service.manage('GET', '/audit/roots', { query })) as { items: unknown[] };
        printer.list(
          columns({ number: 'number', from: 'from', to: 'to', events: 'events', at: 'at', key: 'keyId', root: 'root' }),
          items,
        );
      },
    }),
    verb({
      command: 'public-key',
      summary: 'The key that signed roots are checked with',
      options: {},
      examples: [['audit public-key > rehome.pem', 'as PEM']],
      run: async (_values, { service, printer }) => {
        const answer = (await service.manage('GET', '/audit/public-key')) as { publicKey: string };
        printer.text(answer.publicKey.trimEnd(), answer);
      },
    }),
  ],
};

const ROOTS_MAX = 1_000;

interface Filters {
  readonly type?: string | undefined;
  readonly actor?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly hub?: string | undefined;
  readonly enrollmentId?: string | undefined;
  readonly enrollmentGroupId?: string | undefined;
  readonly registrationId?: string | undefined;
}

export function filterQuery(values: Filters): Readonly<Record<string, string | undefined>> {
  const { type, actor, since, until, hub, enrollmentId, enrollmentGroupId, registrationId } = values;
  return { type, actor, since, until, hub, enrollmentId, enrollmentGroupId, registrationId };
}
