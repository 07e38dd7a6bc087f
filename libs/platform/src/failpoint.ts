import { FailpointSetting } from './configuration/parsers';

/** How often each armed point may still be passed before the process dies there. Empty outside crash tests. */
const armed = new Map<string, number>();

/** Arms the points of REHOME_FAILPOINTS, for crash tests; replaces what was armed before. */
export function armFailpoints(settings: readonly FailpointSetting[]): void {
  armed.clear();
  for (const { name, nth } of settings) armed.set(name, nth);
}

/** Where a crash test may kill the process, as a power cut would: no handler runs, nothing is flushed. Inert unless armed. */
export function failpoint(name: string): void {
  if (armed.size === 0) return;
  const left = armed.get(name);
  if (left === undefined) return;
  armed.set(name, left - 1);
  if (left === 1) process.kill(process.pid, 'SIGKILL');
}
