import { setTimeout as sleep } from 'node:timers/promises';
import { CommandFailed, ExitCode, exitCode } from '../exit-codes';
import { columns } from '../output/columns';
import { progressBar } from '../output/progress';
import { Context, Noun, verb } from '../verb';
import { part, shared } from './inputs';

const { text } = shared;
const POLL_MS = 200;
const PERCENT = 100;

interface Table {
  readonly table: string;
  readonly rows: number;
  readonly missingLive: number;
  readonly missingRebuilt: number;
  readonly changed: number;
}

interface Rebuild {
  readonly rebuildId: string;
  readonly projection: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly progress: { readonly phase: string; readonly events: number; readonly fraction: number | null };
  readonly differences: number | null;
  readonly report: {
    readonly events: number;
    readonly compared: { readonly tables: readonly Table[] } | null;
    readonly switched: boolean;
  } | null;
  readonly error: string | null;
}

const tableColumns = columns({
  table: 'table',
  rows: 'rows',
  'missing live': 'missingLive',
  'missing rebuilt': 'missingRebuilt',
  changed: 'changed',
});

export const projectionsNoun: Noun = {
  command: 'projections',
  summary: 'Read models: how far they are, and rebuilt from the log',
  verbs: [
    verb({
      command: 'list',
      summary: 'How far each read model has come',
      options: {},
      examples: [['projections list', 'their lag behind the log']],
      run: async (_values, { service, printer }) => {
        const { items } = (await service.manage('GET', '/projections')) as { items: unknown[] };
        const shown = {
          name: 'name',
          version: 'version',
          state: 'state',
          position: 'position',
          'lag events': 'lagEvents',
          'lag ms': 'lagMs',
          error: 'error',
        };
        printer.list(columns(shown), items);
      },
    }),
    verb({
      command: 'rebuild <name>',
      summary: 'Rebuild a read model from the log beside the live one, and compare the two row by row',
      options: {
        name: { ...text('Name of the read model, as `projections list` has it'), demandOption: true },
        switch: { type: 'boolean', describe: 'Put the rebuilt one in the place of the live one' },
        wait: { type: 'boolean', default: true, describe: 'Wait for the end; --no-wait prints the id of the rebuild' },
      },
      examples: [
        ['projections rebuild device-status', 'compare alone; exit code 1 when something differs'],
        ['projections rebuild device-status --switch', 'and take its place'],
      ],
      run: async ({ name, switch: switchOver, wait }, context) => {
        const { service, printer } = context;
        const started = (await service.manage('POST', `/projections/${part(name)}/rebuild`, {
          body: { switch: switchOver ?? false },
        })) as Rebuild;
        if (wait) return show(await ended(started, context), context);
        printer.text(started.rebuildId, started);
        return exitCode.ok;
      },
    }),
    verb({
      command: 'status [rebuild-id]',
      summary: 'How far rebuilds are',
      options: { 'rebuild-id': text('One of them; the last ones when left out') },
      examples: [['projections status', 'the last rebuilds']],
      run: async ({ rebuildId }, { service, printer }) => {
        if (rebuildId !== undefined) {
          printer.one(await service.manage('GET', `/projections/rebuilds/${part(rebuildId)}`));
          return;
        }
        const { items } = (await service.manage('GET', '/projections/rebuilds')) as { items: unknown[] };
        const shown = {
          rebuild: 'rebuildId',
          projection: 'projection',
          state: 'state',
          phase: 'progress.phase',
          events: 'progress.events',
        };
        printer.list(columns({ ...shown, differences: 'differences', switched: 'report.switched', error: 'error' }), items);
      },
    }),
  ],
};

async function ended(started: Rebuild, { io, service }: Context): Promise<Rebuild> {
  const bar = progressBar(io, `rebuilding ${started.projection}`, '%');
  try {
    let rebuild = started;
    // Ends with the rebuild, or with an error when the service or the caller goes.
    while (rebuild.state === 'running') {
      bar.update(Math.floor((rebuild.progress.fraction ?? 0) * PERCENT), PERCENT);
      await sleep(POLL_MS, undefined, { signal: io.signal });
      rebuild = (await service.manage('GET', `/projections/rebuilds/${started.rebuildId}`)) as Rebuild;
    }
    return rebuild;
  } finally {
    bar.stop();
  }
}

function show(rebuild: Rebuild, { printer }: Context): ExitCode {
  const { state, projection, report, differences, error } = rebuild;
  if (state === 'failed' || report === null)
    throw new CommandFailed(`${projection} was not rebuilt: ${error ?? 'it did not say why'}`, exitCode.refused);
  if (printer.format === 'json') printer.json(rebuild);
  else {
    if (report.compared !== null) printer.list(tableColumns, report.compared.tables);
    const verdict =
      differences === null ? 'nothing live to compare with' : differences === 0 ? 'no difference' : `${differences} rows differ`;
    printer.line(`${projection}: ${report.events} events, ${verdict}${report.switched ? ', switched' : ''}`);
  }
  return (differences ?? 0) === 0 ? exitCode.ok : exitCode.no;
}
