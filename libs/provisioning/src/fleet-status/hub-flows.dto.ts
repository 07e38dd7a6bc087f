import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { IsInstant } from '../management/inputs.dto';
import { schema } from '../management/schemas';
import { FLOW_DAYS_DEFAULT, flowSteps } from './flow-range';
import type { FlowStep } from './flow-range';
import type { HubFlows } from './hub-flows';
import { flowActions } from './hub-flows.queries';
import type { FlowCount, HubFlow } from './hub-flows.queries';

const { text, word, instant, integer, array, orNull, object } = schema;

export class HubFlowsQuery {
  @IsOptional()
  @IsInstant(
    `The earlier end; when left out, ${FLOW_DAYS_DEFAULT.hour} day before \`until\` by hour and ${FLOW_DAYS_DEFAULT.day} days by day.`,
  )
  readonly since?: string;

  @IsOptional()
  @IsInstant('The later end; now when left out.')
  readonly until?: string;

  @ApiPropertyOptional({ enum: flowSteps, default: 'hour' })
  @IsOptional()
  @IsIn(flowSteps)
  readonly step?: FlowStep;
}

export const hubFlowsSchema = object<HubFlows>({
  since: instant('Beginning of the first hour or day.'),
  until: instant('End of the last one.'),
  step: word(...flowSteps),
  devices: integer(
    'Arrivals in all, also those of flows that are left out; a device counts each time that it came to another hub.',
  ),
  flows: array(
    object<HubFlow>({
      from: orNull(text('Null for devices that had no hub before.')),
      to: text(),
      action: word(...flowActions),
      devices: integer(),
      steps: array(object<FlowCount>({ at: instant('When the hour or day began.'), devices: integer() })),
    }),
  ),
});
