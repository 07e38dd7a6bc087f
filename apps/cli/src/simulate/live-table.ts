import { Io } from '../io';
import { Column, table } from '../output/table';
import { Summary, Tally } from './tally';

const REDRAW_MS = 500;

type Line = readonly [what: string, value: unknown];
const lineColumns: readonly Column<Line>[] = [
  ['simulation', ([what]) => what],
  ['', ([, value]) => value],
];

/** Redraws a table at a terminal until it is stopped; elsewhere it shows nothing. Gives what stops it. */
export function liveTable({ stderr, env }: Io, tally: Tally): () => void {
  if (stderr.isTTY !== true || env.TERM === 'dumb') return () => undefined;
  let lines = 0;
  const clear = (): void => {
    if (lines > 0) stderr.write(`\u001b[${lines}A\u001b[0J`);
  };
  const draw = (): void => {
    const drawn = simulationTable(tally.summary()).split('\n');
    clear();
    // A line that the terminal breaks would be more than one to go back over.
    stderr.write(`${drawn.map((line) => line.slice(0, stderr.columns)).join('\n')}\n`);
    lines = drawn.length;
  };
  draw();
  const timer = setInterval(draw, REDRAW_MS);
  return () => {
    clearInterval(timer);
    clear();
  };
}

export function simulationTable(summary: Summary): string {
  const { states, hubs, registrations, registrationsPerSecond, moved, reports, disconnections, failures, lastFailure } = summary;
  const { devices, devicesPlanned, elapsedS, durationS, interrupted } = summary;
  const lines: Line[] = [
    ['elapsed', `${elapsedS} s of ${durationS} s${interrupted ? ', interrupted' : ''}`],
    ['devices', `${devices} of ${devicesPlanned} have begun`],
    ...Object.entries(states),
    ...hubs.map(({ hub, devices: there }): Line => [`on ${hub}`, there]),
    ['registrations', `${registrations} (${registrationsPerSecond}/s)`],
    ['moved', moved],
    ['reports', reports],
    ['disconnected by a hub', disconnections],
    ['failures', failures],
    ...(lastFailure === null ? [] : [['last failure', lastFailure] as const]),
  ];
  return table(lineColumns, lines, false);
}
