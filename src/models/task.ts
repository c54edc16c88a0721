import type { JsonValue } from './json.js';

export const taskStatuses = [
  'QUEUED',
  'RUNNING',
  'NEEDS_REVIEW',
  'APPROVED',
  'SUCCEEDED',
  'FAILED',
  'TIMED_OUT',
  'BLOCKED',
  'REJECTED',
  'CANCELLED',
] as const;
export type TaskStatus = (typeof taskStatuses)[number];

export const stages = ['PROPOSE', 'EXECUTE'] as const;
export type Stage = (typeof stages)[number];

export const onApprovalChoices = ['EXECUTE', 'COMPLETE'] as const;
export type OnApproval = (typeof onApprovalChoices)[number];

/** Why a task ended without success, or why its last attempt did. */
export interface TaskError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  /** The operator's words, when a review ended the task. */
  readonly comment?: string | null;
}

/** A unit of work. A value: every change makes a new one. */
export interface Task {
  readonly taskId: string;
  readonly tenantId: string;
  /** W3C trace id, 32 lower-case hex digits. */
  readonly traceId: string;
  readonly parentTaskId: string | null;
  readonly sessionId: string | null;
  readonly kind: string;
  readonly input: JsonValue;
  readonly status: TaskStatus;
  readonly stage: Stage;
  /** 0–100; the higher is handed out first. */
  readonly priority: number;
  /** Counts claims and never repeats: the fencing token of the lease. */
  readonly attempt: number;
  /** Attempts of the present stage that failed, ran out of time or lost their lease. */
  readonly attemptsUsed: number;
  readonly maxAttempts: number;
  /** How long one attempt may take, in milliseconds; `null` for as long as its lease is renewed. */
  readonly timeoutMs: number | null;
  readonly onApproval: OnApproval;
  /** Who holds it, or held it last. */
  readonly agentId: string | null;
  /** The card that holds it, or that approved it. */
  readonly reviewId: string | null;
  /** The result that ended it. */
  readonly resultId: string | null;
  /** What the next attempt should heed: why the last one was sent back. */
  readonly feedback: JsonValue;
  readonly error: TaskError | null;
  readonly leaseToken: string | null;
  readonly leaseExpiresAt: Date | null;
  /** When the attempt under way runs out of time; `null` without a time-out. */
  readonly deadlineAt: Date | null;
  /** Not handed out before this. */
  readonly availableAt: Date;
  readonly idempotencyKey: string | null;
  /** Digest of the submission, to tell a repetition from another request under the same key. */
  readonly requestDigest: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly version: number;
}

/**
 * The lifecycle. PostgreSQL holds the same table in a trigger, so that no other program can step outside it.
 * A task waits as QUEUED for stage PROPOSE and as APPROVED for stage EXECUTE.
 */
export const transitions: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
  QUEUED: ['RUNNING', 'CANCELLED'],
  RUNNING: ['QUEUED', 'APPROVED', 'NEEDS_REVIEW', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'BLOCKED', 'CANCELLED'],
  NEEDS_REVIEW: ['APPROVED', 'SUCCEEDED', 'REJECTED', 'CANCELLED'],
  APPROVED: ['RUNNING', 'CANCELLED'],
  SUCCEEDED: [],
  FAILED: [],
  TIMED_OUT: [],
  BLOCKED: [],
  REJECTED: [],
  CANCELLED: [],
};

/** A final task never changes again. */
export function isFinal(status: TaskStatus): boolean {
  return transitions[status].length === 0;
}

/** Waiting to be claimed. */
export function isReady(task: Task): boolean {
  return task.status === 'QUEUED' || task.status === 'APPROVED';
}

/** The lease is this caller's and has not run out. */
export function holdsLease(task: Task, agentId: string, leaseToken: string, now: Date): boolean {
  return (
    task.status === 'RUNNING' &&
    task.agentId === agentId &&
    task.leaseToken === leaseToken &&
    task.leaseExpiresAt !== null &&
    task.leaseExpiresAt > now
  );
}

const noLease = { leaseToken: null, leaseExpiresAt: null, deadlineAt: null } as const;

function move(task: Task, status: TaskStatus, now: Date, patch: Partial<Task>): Task {
  if (!transitions[task.status].includes(status)) {
    throw new Error(`Task ${task.taskId} cannot go from ${task.status} to ${status}.`);
  }
  return { ...task, ...patch, status, updatedAt: now, version: task.version + 1 };
}

/** The lease ends `leaseMs` from now, or when the attempt's time is up, whichever comes first. */
export function leaseEnd(now: Date, leaseMs: number, deadlineAt: Date | null): Date {
  const end = now.getTime() + leaseMs;
  return new Date(deadlineAt ? Math.min(end, deadlineAt.getTime()) : end);
}

/** Gives the task to an agent under a new lease. */
export function claimTask(
  task: Task,
  lease: { agentId: string; token: string; leaseMs: number },
  now: Date,
): Task {
  const deadlineAt = task.timeoutMs === null ? null : new Date(now.getTime() + task.timeoutMs);
  return move(task, 'RUNNING', now, {
    attempt: task.attempt + 1,
    agentId: lease.agentId,
    leaseToken: lease.token,
    leaseExpiresAt: leaseEnd(now, lease.leaseMs, deadlineAt),
    deadlineAt,
    startedAt: task.startedAt ?? now,
  });
}

/** Makes the task wait again, for the stage it is at. */
export function requeueTask(task: Task, now: Date, patch: Partial<Task> = {}): Task {
  const status = task.stage === 'EXECUTE' ? 'APPROVED' : 'QUEUED';
  return move(task, status, now, { availableAt: now, agentId: null, ...patch, ...noLease });
}

/**
 * Ends an attempt that came to nothing: the task waits again until its attempts are used up, then ends as `final`.
 * The wait before the next attempt grows exponentially from one second to one minute.
 */
export function failAttempt(
  task: Task,
  now: Date,
  failure: { error: TaskError; final: 'FAILED' | 'TIMED_OUT'; delayMs?: number; feedback?: JsonValue },
): Task {
  const attemptsUsed = task.attemptsUsed + 1;
  const { error, final } = failure;
  if (!error.retryable || attemptsUsed >= task.maxAttempts) {
    return finishTask({ ...task, attemptsUsed }, final, now, { error });
  }
  const availableAt = new Date(now.getTime() + (failure.delayMs ?? 0));
  return requeueTask(task, now, {
    attemptsUsed,
    error,
    availableAt,
    feedback: failure.feedback ?? task.feedback,
  });
}

/** Wait before the attempt that follows `attemptsUsed` failed ones, in milliseconds: 1 s, 2 s, 4 s … 60 s. */
export function backoffMs(attemptsUsed: number): number {
  return Math.min(60_000, 1_000 * 2 ** (attemptsUsed - 1));
}

/** Holds the task for a person. It keeps no agent, no lease and no place in a queue. */
export function holdTask(task: Task, reviewId: string, now: Date): Task {
  return move(task, 'NEEDS_REVIEW', now, { reviewId, stage: 'PROPOSE', error: null, ...noLease });
}

/** Queues a held task for stage EXECUTE, with fresh attempts. There is no other way to that stage. */
export function approveTask(task: Task, now: Date): Task {
  if (task.status !== 'NEEDS_REVIEW') {
    throw new Error(`Task ${task.taskId} cannot go from ${task.status} to stage EXECUTE.`);
  }
  return move(task, 'APPROVED', now, {
    stage: 'EXECUTE',
    attemptsUsed: 0,
    availableAt: now,
    feedback: null,
    error: null,
    agentId: null,
  });
}

/** Brings the task into a final state. */
export function finishTask(
  task: Task,
  status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'BLOCKED' | 'REJECTED' | 'CANCELLED',
  now: Date,
  patch: Partial<Task> = {},
): Task {
  return move(task, status, now, { completedAt: now, ...patch, ...noLease });
}

/** The same lease, running longer. */
export function extendLease(task: Task, leaseMs: number, now: Date): Task {
  const leaseExpiresAt = leaseEnd(now, leaseMs, task.deadlineAt);
  return { ...task, leaseExpiresAt, updatedAt: now, version: task.version + 1 };
}
