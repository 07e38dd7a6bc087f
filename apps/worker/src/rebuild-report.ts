import { RebuildReport, TableComparison } from '@app/postgres';

const count = new Intl.NumberFormat('en');
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** What a person wants to know after a rebuild; column names only, never what they hold. */
export function reportText(report: RebuildReport): string {
  const { projection, version, events, buildMs, eventsPerSecond, position, compared, timings } = report;
  const rate = `${count.format(eventsPerSecond)} events/s`;
  return [
    `${projection} version ${version}: ${count.format(events)} events in ${seconds(buildMs)} (${rate}), up to position ${position}`,
    `  waited ${seconds(timings.waitingForEventsMs)} for events, projected ${seconds(timings.projectingMs)}, ` +
      `waited ${seconds(timings.waitingForWritesMs)} for writes, indexed ${seconds(timings.indexingMs)}`,
    ...(compared === null ? ['  nothing to compare with: no version was live'] : comparisonLines(compared)),
    report.switched ? `  switched over in ${Math.round(timings.switchMs)} ms` : '  the live one was left as it is',
    '',
  ].join('\n');
}

function comparisonLines(compared: NonNullable<RebuildReport['compared']>): string[] {
  const head = `  compared with the live version ${compared.version} at position ${compared.position}:`;
  return [head, ...compared.tables.flatMap(tableLines)];
}

function tableLines(table: TableComparison): string[] {
  const { missingLive, missingRebuilt, changed, differences } = table;
  const different = missingLive + missingRebuilt + changed;
  const rows = `    ${table.table}: ${count.format(table.rows)} rows`;
  if (different === 0) return [`${rows}, no difference`];
  const kinds = `${count.format(missingLive)} missing in the live one, ${count.format(missingRebuilt)} missing in the rebuilt one`;
  return [
    `${rows}, ${count.format(different)} different: ${kinds}, ${count.format(changed)} changed`,
    ...differences.map(({ key, kind, columns }) => `      ${JSON.stringify(key)}: ${kind} ${columns.join(', ')}`.trimEnd()),
  ];
}
