import { Module } from '@nestjs/common';
import { MeasuredLatencies } from './measured-latencies';

/** Needs READ_DATABASE from a global module, with `latencyMigrations` run. */
@Module({ providers: [MeasuredLatencies], exports: [MeasuredLatencies] })
export class MeasuredLatenciesModule {}
