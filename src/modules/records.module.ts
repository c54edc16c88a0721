import { type DynamicModule, Global, Module } from '@nestjs/common';
import { PostgresKeyUses } from '../lib/postgres/postgres-key-uses.js';
import { PostgresRecords } from '../lib/postgres/postgres-records.js';
import { KeyUsesPort } from '../ports/key-uses.js';
import { RecordsPort } from '../ports/records.js';
import type { Resources } from './resources.js';

@Global()
@Module({})
export class RecordsModule {
  static on({ rows, tables, statements, config }: Resources): DynamicModule {
    const records = {
      provide: RecordsPort,
      useFactory: () => new PostgresRecords(rows, statements, tables, config.leaseMs),
    };
    const keyUses = { provide: KeyUsesPort, useFactory: () => new PostgresKeyUses(rows) };
    return { module: RecordsModule, providers: [records, keyUses], exports: [RecordsPort, KeyUsesPort] };
  }
}
