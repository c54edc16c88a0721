import type { AuditType } from './audit.js';
import type { ReasonCode } from './decision.js';
import type { ReviewStatus } from './review.js';
import type { TaskStatus } from './task.js';

/* Which of a list are wanted: those that fit every member that is there. */

export interface TaskFilter {
  readonly status?: TaskStatus | undefined;
  readonly kind?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly agentId?: string | undefined;
}

export interface ReviewFilter {
  readonly status?: ReviewStatus | undefined;
  readonly reason?: ReasonCode | undefined;
  readonly kind?: string | undefined;
  readonly agentId?: string | undefined;
  readonly assignee?: string | undefined;
}

export interface AuditFilter {
  readonly types?: readonly AuditType[] | undefined;
  readonly actor?: string | undefined;
  readonly taskId?: string | undefined;
  readonly reviewId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}
