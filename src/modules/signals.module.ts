import { type DynamicModule, Global, Module } from '@nestjs/common';
import { PostgresSignals } from '../lib/postgres/postgres-signals.js';
import { RedisSignals } from '../lib/redis/redis-signals.js';
import { SignalPort } from '../ports/signals.js';
import type { Resources } from './resources.js';

@Global()
@Module({})
export class SignalsModule {
  static on({ databaseUrl, redis }: Resources): DynamicModule {
    const signals = {
      provide: SignalPort,
      useFactory: async () => {
        const adapter = redis ? new RedisSignals(redis.shared) : new PostgresSignals(databaseUrl);
        await adapter.connect();
        return adapter;
      },
    };
    return { module: SignalsModule, providers: [signals], exports: [SignalPort] };
  }
}
