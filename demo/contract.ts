/** The part of the HTTP contract, v1, that the demo fleet uses, as a client sees it. */

/** Any value that JSON can carry (RFC 8259). */
export type Json = string | number | boolean | null | Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  [key: string]: Json;
}

export type Role = 'OPERATOR' | 'SUBMITTER' | 'AGENT' | 'AUDITOR';

export type AgentStatus = 'ACTIVE' | 'IDLE' | 'BUSY' | 'OFFLINE';

/** Every status that a task can have, in the order in which a reader expects to see them. */
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

const finalStatuses: ReadonlySet<TaskStatus> = new Set<TaskStatus>([
  'SUCCEEDED',
  'FAILED',
  'TIMED_OUT',
  'BLOCKED',
  'REJECTED',
  'CANCELLED',
]);

/** Whether a task with this status never changes again. */
export function isFinal(status: TaskStatus): boolean {
  return finalStatuses.has(status);
}

export interface ApiKey {
  readonly keyId: string;
  /** The credential itself. The server shows it this once. */
  readonly key: string;
}

export interface Session {
  readonly sessionId: string;
  readonly state: 'CREATED' | 'RUNNING' | 'PAUSED' | 'STOPPED';
}

export interface AgentRegistration {
  readonly name?: string;
  readonly role?: 'PLANNER' | 'WORKER' | 'JUDGE';
  readonly version?: string;
  readonly capabilities: readonly string[];
  readonly maxConcurrentTasks?: number;
}

export interface Heartbeat {
  readonly status: Exclude<AgentStatus, 'OFFLINE'>;
  readonly metrics?: JsonObject;
}

export interface HeartbeatAnswer {
  readonly heartbeatIntervalMs: number;
  readonly paused: boolean;
  readonly leases: readonly { readonly taskId: string; readonly leaseExpiresAt: string }[];
  readonly cancelledTaskIds: readonly string[];
}

export interface TaskSubmission {
  readonly kind: string;
  readonly input: JsonObject;
  readonly priority?: number;
  readonly maxAttempts?: number;
  readonly timeoutMs?: number;
  readonly sessionId?: string;
  readonly onApproval?: 'EXECUTE' | 'COMPLETE';
}

export interface SubmissionReceipt {
  readonly taskId: string;
  readonly status: TaskStatus;
  readonly traceId: string;
}

export interface Task {
  readonly taskId: string;
  readonly kind: string;
  readonly input: JsonObject;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly reviewId: string | null;
}

/** A person's yes, with the exact output that it is about. */
export interface Approval {
  readonly reviewId: string;
  readonly operatorId: string;
  readonly comment: string | null;
  readonly output: Json;
  /** `sha256:` and the hex SHA-256 of the output's RFC 8785 form. */
  readonly outputDigest: string;
}

/** A task that an agent may work on, until its lease expires. */
export interface Assignment {
  readonly task: Task;
  readonly attempt: number;
  readonly stage: 'PROPOSE' | 'EXECUTE';
  readonly leaseToken: string;
  readonly leaseExpiresAt: string;
  readonly feedback?: Json;
  readonly approval?: Approval;
}

export interface Reason {
  readonly code: string;
  readonly detector: string;
  readonly detail: string;
  /** RFC 6901 pointer into the output; `null` when the reason is about no place in it. */
  readonly pointer: string | null;
  readonly start: number | null;
  readonly end: number | null;
}

export interface Decision {
  readonly outcome: 'APPROVE' | 'HITL' | 'DENY' | 'RETRY';
  readonly policyVersion: number;
  readonly reasons: readonly Reason[];
}

/** What an agent hands in for one lease. */
export type ResultSubmission = {
  readonly agentId: string;
  readonly leaseToken: string;
} & (
  | {
      readonly status: 'SUCCEEDED';
      readonly output: Json;
      readonly confidence: number;
      readonly outputDigest?: string;
    }
  | {
      readonly status: 'FAILED';
      readonly error: { readonly code: string; readonly message: string; readonly retryable: boolean };
    }
);

export interface ResultReceipt {
  readonly taskId: string;
  readonly resultId: string;
  readonly taskStatus: TaskStatus;
  readonly decision?: Decision;
  readonly reviewId?: string;
}

export interface ReviewCard {
  readonly reviewId: string;
  readonly taskId: string;
  readonly status: 'PENDING' | 'APPROVED' | 'REJECTED' | 'EXPIRED';
  readonly reason: string;
  readonly reasons: readonly Reason[];
  readonly confidence: number;
  readonly taskInput: JsonObject;
  readonly proposedOutput: Json;
  readonly outputDigest: string;
  readonly editedOutput: Json;
}

export interface ReviewDecision {
  readonly status: 'APPROVED' | 'REJECTED';
  readonly comment: string;
  readonly editedOutput?: Json;
}

export interface Stats {
  readonly agents: Partial<Record<AgentStatus | 'paused', number>>;
  readonly tasks: Partial<Record<TaskStatus, number>>;
  readonly queue: { readonly ready: number; readonly oldestReadyMs: number | null };
  readonly reviews: { readonly pending: number; readonly oldestPendingMs: number | null };
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** RFC 9457, as the server fills it. */
export interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
}
