import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional } from 'class-validator';
import { schema } from '../management/schemas';
import { ComparedTable, RebuildResult, RebuildStep, differenceKinds, rebuildPhases } from './projection-rebuilder';
import { ProjectionRebuild, rebuildStates } from './projection-rebuilds';

export class RebuildBody {
  @ApiPropertyOptional({
    default: false,
    description: 'True: the rebuilt tables take the place of the live ones, also where they differ: the log is the truth.',
  })
  @IsOptional()
  @IsBoolean()
  readonly switch?: boolean;
}

const { text, word, instant, integer, boolean, array, orNull, object } = schema;

const tableSchema = object<ComparedTable>({
  table: text(),
  rows: integer('Of the rebuilt table.'),
  missingLive: integer(),
  missingRebuilt: integer(),
  changed: integer(),
  differences: array(
    object<ComparedTable['differences'][number]>({ key: text(), kind: word(...differenceKinds), columns: array(text()) }),
  ),
});

const reportSchema = object<RebuildResult>({
  version: integer(),
  events: integer('Read from the log.'),
  position: text(),
  buildMs: integer(),
  compared: orNull(
    object<NonNullable<RebuildResult['compared']>>(
      { version: integer('Of the live one.'), position: text('Where the two were compared.'), tables: array(tableSchema) },
      'Null when there was nothing live to compare with.',
    ),
  ),
  switched: boolean(),
});

export const rebuildSchema = object<ProjectionRebuild>({
  rebuildId: text(),
  projection: text(),
  state: word(...rebuildStates),
  switch: boolean(),
  startedBy: text(),
  startedAt: instant(),
  endedAt: orNull(instant()),
  progress: object<RebuildStep>({
    phase: word(...rebuildPhases),
    events: integer(),
    eventsPerSecond: integer(),
    fraction: orNull({ type: 'number', minimum: 0, maximum: 1 }),
  }),
  differences: orNull(integer('Rows that differ; null before they are compared.')),
  report: orNull(reportSchema),
  error: orNull(text()),
});

/** Answers say whole milliseconds and whole events a second. */
export function rebuildAnswer(rebuild: ProjectionRebuild): ProjectionRebuild {
  const { progress, report } = rebuild;
  return {
    ...rebuild,
    progress: { ...progress, eventsPerSecond: Math.round(progress.eventsPerSecond) },
    report: report === null ? null : { ...report, buildMs: Math.round(report.buildMs) },
  };
}
