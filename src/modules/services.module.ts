import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Agents } from '../services/agents.js';
import { ApiKeys } from '../services/api-keys.js';
import { AuditTrail } from '../services/audit-trail.js';
import { AdminCredential, Authenticator } from '../services/authenticator.js';
import { BacktestJobs } from '../services/backtest-jobs.js';
import { BacktestRun } from '../services/backtest-run.js';
import { Backtests } from '../services/backtests.js';
import { CardOrigins } from '../services/card-origins.js';
import { CheckpointDelivery } from '../services/checkpoint-delivery.js';
import { Checkpoints } from '../services/checkpoints.js';
import { Dispatcher } from '../services/dispatcher.js';
import { Doorkeeper } from '../services/doorkeeper.js';
import { EventFeed } from '../services/event-feed.js';
import { LongCalls } from '../services/long-calls.js';
import { FleetBrakes } from '../services/fleet-brakes.js';
import { FleetWatch } from '../services/fleet-watch.js';
import { Judge } from '../services/judge.js';
import { KeyUsage } from '../services/key-usage.js';
import { LeaseRecovery } from '../services/lease-recovery.js';
import { Leases } from '../services/leases.js';
import { Policies } from '../services/policies.js';
import { PolicyChores } from '../services/policy-chores.js';
import { PolicyDrafts } from '../services/policy-drafts.js';
import { QueueRepair } from '../services/queue-repair.js';
import { Readiness } from '../services/readiness.js';
import { RegistryRepair } from '../services/registry-repair.js';
import { ResultIntake } from '../services/result-intake.js';
import { ReviewDeadlines } from '../services/review-deadlines.js';
import { ReviewDesk } from '../services/review-desk.js';
import { ReviewEdits } from '../services/review-edits.js';
import { Sessions } from '../services/sessions.js';
import { Settings } from '../services/settings.js';
import { ShadowPolicies } from '../services/shadow-policies.js';
import { Stats } from '../services/stats.js';
import { SweepChores } from '../services/sweep-chores.js';
import { Sweeper } from '../services/sweeper.js';
import { TaskClaims } from '../services/task-claims.js';
import { TaskDesk } from '../services/task-desk.js';
import { TaskIntake } from '../services/task-intake.js';
import { Tenants } from '../services/tenants.js';
import { TopicClassification } from '../services/topic-classification.js';
import { Waiters } from '../services/waiters.js';
import type { Resources } from './resources.js';

const services = [
  Agents,
  ApiKeys,
  AuditTrail,
  Authenticator,
  BacktestJobs,
  BacktestRun,
  Backtests,
  CardOrigins,
  CheckpointDelivery,
  Checkpoints,
  Dispatcher,
  Doorkeeper,
  EventFeed,
  LongCalls,
  FleetBrakes,
  FleetWatch,
  Judge,
  KeyUsage,
  LeaseRecovery,
  Leases,
  Policies,
  PolicyChores,
  PolicyDrafts,
  QueueRepair,
  Readiness,
  RegistryRepair,
  ResultIntake,
  ReviewDeadlines,
  ReviewDesk,
  ReviewEdits,
  Sessions,
  ShadowPolicies,
  Stats,
  SweepChores,
  Sweeper,
  TaskClaims,
  TaskDesk,
  TaskIntake,
  Tenants,
  Waiters,
];

@Global()
@Module({})
export class ServicesModule {
  static on({ config, adminKeyHash }: Resources): DynamicModule {
    const settings = { provide: Settings, useValue: config };
    const wired = config.topicClassifier ? [...services, TopicClassification] : services;
    const admin = { provide: AdminCredential, useValue: { keyHash: adminKeyHash } };
    return {
      module: ServicesModule,
      providers: [settings, admin, ...wired],
      exports: [settings, ...wired],
    };
  }
}
