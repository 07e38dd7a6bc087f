import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode, exitCode, usageError } from '../exit-codes';
import { columns } from '../output/columns';
import { progressBar } from '../output/progress';
import { Context, Noun, Values, Verb, verb } from '../verb';
import { countIn, part, shared } from './inputs';

const { text } = shared;
const POLL_MS = 1_000;
const named = { 'move-id': { ...text('Id of the move', ['campaign-id', 'id']), demandOption: true } } as const;

const planning = {
  'move-id': text('Letters, digits and dashes; made up when left out', ['campaign-id', 'id']),
  name: text('What people call it', 'n'),
  'from-hub': text('Move all devices that are on this hub'),
  'enrollment-group-id': text('Move all devices of this group', ['group-id', 'gid']),
  tag: text('Move all devices whose twin has this tag, as path=value'),
  'registration-id': { type: 'array', string: true, alias: 'rid', describe: 'Move this device; may be repeated' },
  'to-hub': { type: 'array', string: true, demandOption: true, describe: 'Where they go; several hubs share them by weight' },
  'wave-size': { type: 'number', describe: 'Devices in a wave', requiresArg: true },
  pause: { type: 'number', describe: 'Seconds between waves', requiresArg: true },
  'wave-timeout': {
    type: 'number',
    describe: 'Seconds after which a wave ends though devices have not called',
    requiresArg: true,
  },
  'failures-max': text('More failed devices abort it; "any" for no limit'),
  ask: { type: 'boolean', default: true, describe: 'Ask connected devices to come back at once; --no-ask waits for them' },
} as const;

const moveColumns = columns({
  move: 'campaignId',
  name: 'name',
  status: 'status',
  wave: 'wave',
  selected: 'progress.selected',
  moved: 'progress.moved',
  waiting: 'progress.waiting',
  stayed: 'progress.stayed',
  failed: 'progress.failed',
  created: 'createdAt',
});

interface Campaign {
  readonly campaignId: string;
  readonly status: string;
  readonly progress: Readonly<Record<'selected' | 'queued' | 'waiting' | 'moved' | 'stayed' | 'failed' | 'recalled', number>>;
}

interface CampaignPreview {
  readonly selected: number;
  readonly examined: number;
  readonly waves: number;
  readonly effects: Readonly<Record<string, number>>;
  readonly flows: readonly unknown[];
  readonly examples: readonly unknown[];
}

/** What the API takes of the options. Error: usage. */
export function planIn(values: Values<typeof planning>): object {
  const { moveId, name, toHub, waveSize, pause, waveTimeout, failuresMax, ask } = values;
  const hubs = toHub.map(String);
  return {
    ...given({
      campaignId: moveId,
      name,
      waveSize,
      pauseS: pause,
      waveTimeoutS: waveTimeout,
      failuresMax: failuresIn(failuresMax),
    }),
    selection: selectionIn(values),
    hubs,
    askConnected: ask,
  };
}

function selectionIn({ fromHub, enrollmentGroupId, tag, registrationId }: Values<typeof planning>): object {
  const equals = tag?.indexOf('=') ?? 0;
  if (tag !== undefined && equals < 1) throw usageError('--tag is path=value');
  const byTag = tag === undefined ? {} : { tag: tag.slice(0, equals), value: valueIn(tag.slice(equals + 1)) };
  const ways = [fromHub, enrollmentGroupId, tag, registrationId].filter((way) => way !== undefined);
  if (ways.length !== 1)
    throw usageError('say which devices by one of --from-hub, --enrollment-group-id, --tag, --registration-id');
  return given({ hub: fromHub, enrollmentGroupId, registrationIds: registrationId?.map(String), ...byTag });
}

/** A tag may be a number or a truth value; everything else is text. */
function valueIn(given: string): string | number | boolean {
  if (given === 'true' || given === 'false') return given === 'true';
  return given !== '' && Number.isFinite(Number(given)) ? Number(given) : given;
}

function failuresIn(given: string | undefined): number | null | undefined {
  if (given === undefined || given === 'any') return given === undefined ? undefined : null;
  if (!/^\d+$/.test(given)) throw usageError('--failures-max is a whole number or "any"');
  return Number(given);
}

const given = (members: object): object => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

export const moveNoun: Noun = {
  command: 'move',
  summary: 'Move many devices in waves',
  verbs: [
    verb({
      command: 'preview',
      summary: 'What a move would do; nothing is changed',
      options: planning,
      examples: [
        ['move preview --enrollment-group-id line-7 --to-hub hub-b.example.com', 'how many would move, from where to where'],
      ],
      run: async (values, { service, printer }) => {
        const preview = (await service.manage('POST', '/campaigns/preview', { body: planIn(values) })) as CampaignPreview;
        if (printer.format === 'json') {
          printer.json(preview);
          return;
        }
        const effects = Object.entries(preview.effects).map(([effect, count]) => `${effect} ${count}`);
        printer.line(
          `${preview.selected} devices in ${preview.waves} waves; of ${preview.examined} examined: ${effects.join(', ')}`,
        );
        printer.list(columns({ from: 'from', to: 'to', devices: 'devices' }), preview.flows);
        printer.list(
          columns({ device: 'registrationId', effect: 'effect', from: 'from', to: 'to', why: 'reason' }),
          preview.examples,
        );
      },
    }),
    verb({
      command: 'create',
      summary: 'Plan a move; it begins when it is started',
      options: { ...planning, start: { type: 'boolean', describe: 'Start it at once' } },
      examples: [
        ['move create --move-id to-b --from-hub hub-a.example.com --to-hub hub-b.example.com --wave-size 500', 'a hub, in waves'],
        ['move create --tag site=oslo --to-hub hub-b.example.com --failures-max 10 --start', 'all of Oslo, at once'],
      ],
      run: async (values, { service, printer }) => {
        const created = (await service.manage('POST', '/campaigns', { body: planIn(values) })) as Campaign;
        const started = values.start === true ? await service.manage('POST', `/campaigns/${created.campaignId}/start`) : created;
        printer.one(started);
      },
    }),
    act('start', 'Start a move: devices are selected, and the first wave is sent'),
    act('pause', 'Send no further wave until it is resumed'),
    act('resume', 'Go on after a pause'),
    act('abort', 'End a move: devices that have not come stay where they are, those that have moved stay there'),
    act('undo', 'Bring back what a move has moved, in waves, with the twins that devices had'),
    act('release', 'Let the devices of a move that is over go again where their enrollments say'),
    verb({
      command: 'list',
      summary: 'List moves, newest first',
      options: {
        status: { choices: ['draft', 'running', 'paused', 'aborted', 'ended'], describe: 'Only those', requiresArg: true },
        top: shared.top,
      },
      examples: [['move list --status running', 'what is under way']],
      run: async ({ status, top }, { service, printer }) => {
        printer.list(moveColumns, await service.list('/campaigns', { status }, countIn('top', top)));
      },
    }),
    verb({
      command: 'show',
      summary: 'Show one move and how far it is',
      options: named,
      examples: [['move show --move-id to-b', 'its plan and its progress']],
      run: async ({ moveId }, { service, printer }) => printer.one(await service.manage('GET', `/campaigns/${part(moveId)}`)),
    }),
    verb({
      command: 'devices',
      summary: 'The devices that a move has sent, and what became of each',
      options: { ...named, outcome: text('Only those, such as waiting, moved or failed'), top: shared.top },
      examples: [['move devices --move-id to-b --outcome failed', 'what went wrong']],
      run: async ({ moveId, outcome, top }, { service, printer }) => {
        const items = await service.list(`/campaigns/${part(moveId)}/devices`, { outcome }, countIn('top', top));
        const shown = {
          device: 'registrationId',
          wave: 'wave',
          from: 'from',
          to: 'to',
          outcome: 'outcome',
          hub: 'hub',
          detail: 'detail',
        };
        printer.list(columns(shown), items);
      },
    }),
    verb({
      command: 'watch',
      summary: 'Follow a move to its end; exit code 1 when devices failed or it was aborted',
      options: named,
      examples: [['move watch --move-id to-b', 'a bar at a terminal, the result everywhere']],
      run: async ({ moveId }, context) => watch(moveId, context),
    }),
  ],
};

function act(word: string, summary: string): Verb {
  return verb({
    command: word,
    summary,
    options: named,
    examples: [[`move ${word} --move-id to-b`, 'prints where it stands']],
    run: async ({ moveId }, { service, printer }) =>
      printer.one(await service.manage('POST', `/campaigns/${part(moveId)}/${word}`)),
  });
}

async function watch(moveId: string, { io, service, printer }: Context): Promise<ExitCode> {
  const bar = progressBar(io, `moving ${moveId}`, 'devices');
  try {
    // Ends with the move, or with an error when the service or the caller goes.
    for (;;) {
      const campaign = (await service.manage('GET', `/campaigns/${part(moveId)}`)) as Campaign;
      const { selected, queued, waiting, failed } = campaign.progress;
      bar.update(selected - queued - waiting, selected);
      if (campaign.status === 'ended' || campaign.status === 'aborted') {
        bar.stop();
        printer.one(campaign);
        return failed > 0 || campaign.status === 'aborted' ? exitCode.no : exitCode.ok;
      }
      await sleep(POLL_MS, undefined, { signal: io.signal });
    }
  } finally {
    bar.stop();
  }
}
