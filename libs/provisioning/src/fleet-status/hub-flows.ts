import { Inject, Injectable } from '@nestjs/common';
import type { ReadDatabase } from '../shared/read-database';
import { READ_DATABASE } from '../shared/tokens';
import type { FlowRange } from './flow-range';
import { CountedFlows, countFlows } from './hub-flows.queries';
import { RememberedAnswers } from './remembered';

/** How devices went between hubs over time. */
export interface HubFlows extends FlowRange, CountedFlows {}

/** Shared by all who watch, and at most some seconds old at a large fleet. */
@Injectable()
export class HubFlowsReader {
  private readonly counted: RememberedAnswers<FlowRange, CountedFlows>;

  constructor(@Inject(READ_DATABASE) database: ReadDatabase) {
    this.counted = new RememberedAnswers(
      (range) => countFlows(database, range),
      ({ since, until, step }) => `${step} ${since} ${until}`,
    );
  }

  async read(range: FlowRange): Promise<HubFlows> {
    return { ...range, ...(await this.counted.get(range)) };
  }
}
