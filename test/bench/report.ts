import { CpuTimes } from './processes';
import { ProfileSummary, Share } from './profile-summary';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Of the bare append rate of the same run; absent where it makes no sense. */
  readonly ratio?: number;
  readonly target?: { readonly atLeast: number } | { readonly atMost: number };
  readonly note?: string;
}

/** What one phase cost the three parties. */
export interface PhaseCost {
  readonly name: string;
  readonly operations: number;
  readonly elapsedMs: number;
  readonly cpu: CpuTimes;
}

const PER = 1000;

export function figuresTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, unit, ratio, target, note = '' }) => [
    name,
    `${format(value)} ${unit}`,
    ratio === undefined ? '' : ratio.toFixed(3),
    target === undefined ? '' : 'atLeast' in target ? `>= ${format(target.atLeast)}` : `<= ${format(target.atMost)}`,
    target === undefined ? '' : isReached(value, target) ? 'reached' : 'MISSED',
    note,
  ]);
  return table(['measured', 'figure', 'per append', 'to reach', '', 'how'], rows);
}

export function costTable(phases: readonly PhaseCost[]): string {
  const rows = phases.map(({ name, operations, elapsedMs, cpu }) => {
    const per = (seconds: number): string => ((seconds * PER) / operations).toFixed(3);
    const cores = (cpu.service + cpu.postgres + cpu.generator) / (elapsedMs / 1000);
    const elapsed = (elapsedMs / 1000).toFixed(1);
    return [name, format(operations), elapsed, per(cpu.service), per(cpu.postgres), per(cpu.generator), cores.toFixed(2)];
  });
  return table(['CPU-s per 1000', 'operations', 'seconds', 'service', 'postgres', 'generator', 'cores used'], rows);
}

const MODULES_SHOWN = 20;
const FUNCTIONS_SHOWN = 25;

export function profileText(name: string, summary: ProfileSummary): string {
  const list = (title: string, shares: readonly Share[], count: number): string =>
    table(
      [title, '% of busy time'],
      shares.slice(0, count).map(([what, share]) => [what, (share * 100).toFixed(1)]),
    );
  return [
    `Profile of the service, ${name}: busy ${summary.busySeconds.toFixed(1)} s of ${summary.elapsedSeconds.toFixed(1)} s`,
    list('under which part', summary.parts, MODULES_SHOWN),
    list('self time by module', summary.modules, MODULES_SHOWN),
    list('self time by function', summary.functions, FUNCTIONS_SHOWN),
  ].join('\n\n');
}

function isReached(value: number, target: NonNullable<Figure['target']>): boolean {
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
