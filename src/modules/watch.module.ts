import { type DynamicModule, Global, Module } from '@nestjs/common';
import { PostgresWatch } from '../lib/postgres/postgres-watch.js';
import { WatchPort } from '../ports/watch.js';
import type { Resources } from './resources.js';

@Global()
@Module({})
export class WatchModule {
  static on({ rows, tables, locks }: Resources): DynamicModule {
    const watch = { provide: WatchPort, useFactory: () => new PostgresWatch(rows, tables, locks) };
    return { module: WatchModule, providers: [watch], exports: [WatchPort] };
  }
}
