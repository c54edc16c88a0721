import { type DynamicModule, Module } from '@nestjs/common';
import { ApiModule } from './modules/api.module.js';
import { AuditModule } from './modules/audit.module.js';
import { GateModule } from './modules/gate.module.js';
import { LedgerModule } from './modules/ledger.module.js';
import { LoggingModule } from './modules/logging.module.js';
import { QueuesModule } from './modules/queues.module.js';
import { RateLimitsModule } from './modules/rate-limits.module.js';
import { RecordsModule } from './modules/records.module.js';
import { RegistryModule } from './modules/registry.module.js';
import type { Resources } from './modules/resources.js';
import { ServicesModule } from './modules/services.module.js';
import { SignalsModule } from './modules/signals.module.js';
import { TokensModule } from './modules/tokens.module.js';
import { TrialsModule } from './modules/trials.module.js';
import { WatchModule } from './modules/watch.module.js';

/** The whole application, on what it was given to run on. */
@Module({})
export class AppModule {
  static on(resources: Resources): DynamicModule {
    return {
      module: AppModule,
      imports: [
        LoggingModule.on(resources),
        SignalsModule.on(resources),
        LedgerModule.on(resources),
        RecordsModule.on(resources),
        WatchModule.on(resources),
        AuditModule.on(resources),
        RegistryModule.on(resources),
        QueuesModule.on(resources),
        GateModule.on(resources),
        TokensModule.on(resources),
        RateLimitsModule.on(resources),
        TrialsModule.on(resources),
        ServicesModule.on(resources),
        ApiModule,
      ],
    };
  }
}
