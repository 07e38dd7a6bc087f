import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { WhyController } from './why.controller';
import { WhyReader } from './why.reader';

/** Explanations. Needs EVENT_STORE, READ_DATABASE, CLOCK and ACCESS_CONTROL from a global module, and previews from the QueryBus. */
@Module({ imports: [CqrsModule], controllers: [WhyController], providers: [WhyReader] })
export class WhyModule {}
