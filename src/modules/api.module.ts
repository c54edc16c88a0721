import { Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { Waiters } from '../services/waiters.js';
import { AccessGuard } from '../api/access-guard.js';
import { Admission } from '../api/admission.js';
import { AgentsController } from '../api/controllers/agents.controller.js';
import { AuditController } from '../api/controllers/audit.controller.js';
import { EventsController } from '../api/controllers/events.controller.js';
import { OperationsController } from '../api/controllers/operations.controller.js';
import { PolicyController } from '../api/controllers/policy.controller.js';
import { PolicyDraftsController } from '../api/controllers/policy-drafts.controller.js';
import { ReviewsController } from '../api/controllers/reviews.controller.js';
import { SessionsController } from '../api/controllers/sessions.controller.js';
import { TasksController } from '../api/controllers/tasks.controller.js';
import { TenantsController } from '../api/controllers/tenants.controller.js';
import { DtoPipe } from '../api/dto-pipe.js';
import { Metrics } from '../api/metrics.js';
import { ProblemFilter } from '../api/problem-filter.js';

@Module({
  controllers: [
    TenantsController,
    SessionsController,
    AgentsController,
    TasksController,
    ReviewsController,
    PolicyController,
    PolicyDraftsController,
    AuditController,
    EventsController,
    OperationsController,
  ],
  providers: [
    Metrics,
    {
      provide: Admission,
      inject: [Waiters],
      useFactory: (waiters: Waiters) => new Admission(() => waiters.asleep),
    },
    { provide: APP_FILTER, useClass: ProblemFilter },
    AccessGuard,
    { provide: APP_PIPE, useClass: DtoPipe },
  ],
})
export class ApiModule {}
