import type { Actor, AuditEntry, AuditType } from '../models/audit.js';
import type { JsonObject } from '../models/json.js';
import { isFinal, type Task, type TaskStatus } from '../models/task.js';

const typeOf: Readonly<Record<TaskStatus, AuditType>> = {
  QUEUED: 'task.queued',
  RUNNING: 'task.running',
  NEEDS_REVIEW: 'task.needs_review',
  APPROVED: 'task.approved',
  SUCCEEDED: 'task.succeeded',
  FAILED: 'task.failed',
  TIMED_OUT: 'task.timed_out',
  BLOCKED: 'task.blocked',
  REJECTED: 'task.rejected',
  CANCELLED: 'task.cancelled',
};

/**
 * The audit entry of a task that has just come into its state. A parent is named when the task is final, for whoever
 * follows the parent.
 */
export function taskEntry(task: Task, actor: Actor, payload: JsonObject = {}): AuditEntry {
  return {
    type: typeOf[task.status],
    actor,
    taskId: task.taskId,
    agentId: task.agentId,
    reviewId: task.reviewId,
    sessionId: task.sessionId,
    traceId: task.traceId,
    payload: {
      stage: task.stage,
      attempt: task.attempt,
      ...(isFinal(task.status) && task.parentTaskId !== null && { parentTaskId: task.parentTaskId }),
      ...(task.error && { errorCode: task.error.code }),
      ...payload,
    },
  };
}

/** The audit entry of a task that waits again, for either stage. */
export function requeuedEntry(task: Task, actor: Actor, cause: string, agentId: string | null): AuditEntry {
  return {
    ...taskEntry(task, actor, {
      cause,
      attemptsUsed: task.attemptsUsed,
      availableAt: task.availableAt.toISOString(),
    }),
    type: 'task.queued',
    agentId,
  };
}
