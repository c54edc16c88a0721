import { type DynamicModule, Global, Module } from '@nestjs/common';
import { PostgresLedger } from '../lib/postgres/postgres-ledger.js';
import { LedgerPort } from '../ports/ledger.js';
import { SignalPort } from '../ports/signals.js';
import type { Resources } from './resources.js';

@Global()
@Module({})
export class LedgerModule {
  static on({ statements, tables }: Resources): DynamicModule {
    const ledger = {
      provide: LedgerPort,
      inject: [SignalPort],
      useFactory: (signals: SignalPort) => new PostgresLedger(statements, tables, signals),
    };
    return { module: LedgerModule, providers: [ledger], exports: [LedgerPort] };
  }
}
