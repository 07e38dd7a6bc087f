import { CommandFailed, exitCode } from '../exit-codes';
import { progressBar } from '../output/progress';
import { Verb, verb } from '../verb';
import { shared } from './inputs';

const { text } = shared;
const PERCENT = 100;

interface Break {
  readonly log: string;
  readonly position: string | null;
  readonly stream: string | null;
  readonly revision: string | null;
  readonly reason: string;
}

interface Verdict {
  readonly log: string;
  readonly intact: boolean;
  readonly events: number;
  readonly streams: number;
  readonly roots: number;
  readonly unsigned?: number;
  readonly unchained?: number;
  readonly firstBreak: Break | null;
}

type Line =
  | { readonly kind: 'progress'; readonly events: number; readonly fraction: number | null }
  | ({ readonly kind: 'verdict' } & Verdict)
  | { readonly kind: 'error'; readonly detail: string };

export const verifyVerb: Verb = verb({
  command: 'verify',
  summary: 'Whether anybody but the service has changed a log; exit code 1 says yes, and where',
  options: {
    log: { choices: ['provisioning', 'hubs'], default: 'provisioning', describe: 'Which log', requiresArg: true },
    from: text('A position: begins at the last signed root at or before it'),
    to: text('A position: ends there'),
  },
  examples: [
    ['verify', 'the whole log'],
    ['verify --log hubs -o json', "the reference hubs' log, for programs"],
  ],
  run: async ({ log, from, to }, { io, service, printer }) => {
    const bar = progressBar(io, 'verifying', '%');
    let verdict: Verdict | undefined;
    try {
      for await (const text of service.lines('POST', '/audit/verify', { body: { log, from, to } })) {
        const line = JSON.parse(text) as Line;
        if (line.kind === 'error') throw new CommandFailed(line.detail, exitCode.refused);
        if (line.kind === 'progress') bar.update(Math.floor((line.fraction ?? 0) * PERCENT), PERCENT);
        else verdict = line;
      }
    } finally {
      bar.stop();
    }
    if (verdict === undefined) throw new CommandFailed('the service gave no verdict', exitCode.refused);
    printer.text(wordsOf(verdict), verdict);
    return verdict.intact ? exitCode.ok : exitCode.no;
  },
});

function wordsOf({ log, intact, events, streams, roots, firstBreak }: Verdict): string {
  const extent = `${events} events of ${streams} streams, ${roots} signed roots`;
  if (intact || firstBreak === null) return `intact: the log ${log}, ${extent}`;
  const place = [
    firstBreak.position === null ? '' : ` at position ${firstBreak.position}`,
    firstBreak.stream === null ? '' : ` in ${firstBreak.stream}`,
    firstBreak.revision === null ? '' : ` at revision ${firstBreak.revision}`,
  ].join('');
  return `NOT intact: the log ${log}${place}: ${firstBreak.reason} (after ${extent})`;
}
