import { type DynamicModule, Global, Module } from '@nestjs/common';
import { PostgresRecords } from '../lib/postgres/postgres-records.js';
import { RecordsPort } from '../ports/records.js';
import type { Resources } from './resources.js';

@Global()
@Module({})
export class RecordsModule {
  static on({ dataSource, tables, statements, config }: Resources): DynamicModule {
    const records = {
      provide: RecordsPort,
      useFactory: () => new PostgresRecords(dataSource, statements, tables, config.leaseMs),
    };
    return { module: RecordsModule, providers: [records], exports: [RecordsPort] };
  }
}
