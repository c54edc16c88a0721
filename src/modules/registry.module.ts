import { type DynamicModule, Global, Module } from '@nestjs/common';
import { PostgresRegistry } from '../lib/postgres/postgres-registry.js';
import { RedisRegistry } from '../lib/redis/redis-registry.js';
import { livenessOf } from '../models/agent.js';
import { RegistryPort } from '../ports/registry.js';
import type { Resources } from './resources.js';

@Global()
@Module({})
export class RegistryModule {
  static on({ rows, redis, config }: Resources): DynamicModule {
    const liveness = livenessOf(config);
    const registry = {
      provide: RegistryPort,
      useFactory: () =>
        redis ? new RedisRegistry(redis.shared, liveness) : new PostgresRegistry(rows, liveness),
    };
    return { module: RegistryModule, providers: [registry], exports: [RegistryPort] };
  }
}
