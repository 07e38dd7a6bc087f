import { Get, Inject } from '@nestjs/common';
import { listOf } from '../management/answers';
import { Documented, ManagementController } from '../management/documented';
import { schema } from '../management/schemas';
import { RequireRight } from '../operators/require-right.guard';
import { CONNECTION_COUNTERS } from './connection-counters';
import type { ConnectionCounters } from './connection-counters';

interface Counter {
  readonly name: string;
  readonly value: number;
}

const counterSchema = schema.object<Counter>({
  name: schema.text('`<protocol>.<what>`; refusals are `<protocol>.refused.<reason>`.'),
  value: schema.integer(),
});

@ManagementController('connections', 'Connections')
@RequireRight('RegistrationStatusRead')
export class ConnectionsController {
  constructor(@Inject(CONNECTION_COUNTERS) private readonly counters: ConnectionCounters) {}

  @Get()
  @Documented({
    summary: 'What came in at the doors of this process since its start: connections, messages, answers, refusals by reason',
    answer: listOf(counterSchema),
    errors: [],
  })
  list(): { items: readonly Counter[] } {
    return { items: Object.entries(this.counters.snapshot()).map(([name, value]) => ({ name, value })) };
  }
}
