import { DomainError } from '../models/errors.js';
import { holdsLease, type Task } from '../models/task.js';
import type { LedgerView } from '../ports/ledger.js';

/** The lease that a caller says is theirs. */
export interface LeaseClaim {
  readonly agentId: string;
  readonly leaseToken: string;
}

export function taskNotFound(taskId: string): DomainError {
  return new DomainError('TASK_NOT_FOUND', `There is no task ${taskId}.`);
}

export function sessionNotFound(sessionId: string): DomainError {
  return new DomainError('SESSION_NOT_FOUND', `There is no session ${sessionId}.`);
}

export function agentNotFound(agentId: string): DomainError {
  return new DomainError('AGENT_NOT_FOUND', `There is no agent ${agentId}.`);
}

export function reviewNotFound(reviewId: string): DomainError {
  return new DomainError('REVIEW_NOT_FOUND', `There is no review ${reviewId}.`);
}

export function draftNotFound(draftId: string): DomainError {
  return new DomainError('DRAFT_NOT_FOUND', `There is no draft ${draftId} of a policy.`);
}

export function backtestNotFound(backtestId: string): DomainError {
  return new DomainError('BACKTEST_NOT_FOUND', `There is no backtest ${backtestId}.`);
}

export function leaseLost(taskId: string): DomainError {
  return new DomainError(
    'LEASE_LOST',
    `The lease on task ${taskId} is not yours, or has ended. Drop this work and claim again; nothing was changed.`,
  );
}

/**
 * The task that the lease is on.
 *
 * @throws DomainError `TASK_NOT_FOUND`, `LEASE_LOST`
 */
export function heldTask(view: LedgerView, taskId: string, { agentId, leaseToken }: LeaseClaim): Task {
  const task = view.get('task', taskId);
  if (!task) throw taskNotFound(taskId);
  if (!holdsLease(task, agentId, leaseToken, view.now)) throw leaseLost(taskId);
  return task;
}
