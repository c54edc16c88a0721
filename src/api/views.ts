import { type ApiKey, holderOf, type TenantRole } from '../models/access.js';
import type { AgentRole, AgentStatus } from '../models/agent.js';
import type { Actor, AuditEvent, AuditType } from '../models/audit.js';
import type { JsonObject, JsonValue } from '../models/json.js';
import type { Policy } from '../models/policy.js';
import { hidden, masked } from '../models/masked-output.js';
import { type Approval, assigneeAt, type ReviewCard } from '../models/review.js';
import type { Session } from '../models/session.js';
import type { OnApproval, Stage, Task, TaskError, TaskStatus } from '../models/task.js';
import type { AgentView, AgentWork } from '../services/agents.js';
import type { Assignment } from '../services/task-claims.js';
import type { TaskView } from '../services/task-desk.js';

/* How models look over the wire, where that is not how they are: what is internal stays inside. */

export interface TaskWire {
  readonly taskId: string;
  readonly tenantId: string;
  readonly traceId: string;
  readonly parentTaskId: string | null;
  readonly sessionId: string | null;
  readonly kind: string;
  readonly input: JsonValue;
  readonly status: TaskStatus;
  readonly stage: Stage;
  readonly priority: number;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly timeoutMs: number | null;
  readonly onApproval: OnApproval;
  readonly agentId: string | null;
  readonly reviewId: string | null;
  readonly approval: Approval | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly error: TaskError | null;
}

export function taskWire({ task, approval }: { task: Task; approval?: Approval | undefined }): TaskWire {
  return {
    taskId: task.taskId,
    tenantId: task.tenantId,
    traceId: task.traceId,
    parentTaskId: task.parentTaskId,
    sessionId: task.sessionId,
    kind: task.kind,
    input: task.input,
    status: task.status,
    stage: task.stage,
    priority: task.priority,
    attempt: task.attempt,
    maxAttempts: task.maxAttempts,
    timeoutMs: task.timeoutMs,
    onApproval: task.onApproval,
    agentId: task.agentId,
    reviewId: task.reviewId,
    approval: approval ?? null,
    createdAt: task.createdAt,
    updatedAt: task.updatedAt,
    startedAt: task.startedAt,
    completedAt: task.completedAt,
    error: task.error,
  };
}

export const taskViewWire = (view: TaskView): TaskWire => taskWire(view);

export interface TaskReceipt {
  readonly taskId: string;
  readonly status: TaskStatus;
  readonly traceId: string;
}

export function taskReceipt({ taskId, status, traceId }: Task): TaskReceipt {
  return { taskId, status, traceId };
}

export interface AssignmentWire extends Omit<Assignment, 'task'> {
  readonly task: TaskWire;
}

export function assignmentWire({ task, ...assignment }: Assignment): AssignmentWire {
  return { task: taskWire({ task, approval: assignment.approval }), ...assignment };
}

export interface AgentWire {
  readonly agentId: string;
  readonly name: string | null;
  readonly role: AgentRole;
  readonly version: string | null;
  readonly capabilities: readonly string[];
  readonly maxConcurrentTasks: number;
  readonly metadata: JsonObject;
  readonly status: AgentStatus;
  readonly paused: boolean;
  readonly lastSeen: Date;
  readonly metrics: JsonValue;
  readonly currentTaskIds: readonly string[];
  readonly registeredAt: Date;
}

export function agentWire({ agent, presence, currentTaskIds }: AgentView): AgentWire {
  return {
    agentId: agent.agentId,
    name: agent.name,
    role: agent.role,
    version: agent.agentVersion,
    capabilities: agent.capabilities,
    maxConcurrentTasks: agent.maxConcurrentTasks,
    metadata: agent.metadata,
    status: presence.status,
    paused: agent.paused,
    lastSeen: presence.lastSeen,
    metrics: presence.metrics,
    currentTaskIds,
    registeredAt: agent.registeredAt,
  };
}

export interface HeartbeatWire extends AgentWork {
  readonly status: AgentStatus;
  readonly lastSeen: Date;
  readonly heartbeatIntervalMs: number;
  readonly paused: boolean;
}

export type SessionWire = Omit<Session, 'version'>;

export function sessionWire(session: Session): SessionWire {
  const { sessionId, tenantId, requestedBy, state, createdAt, updatedAt } = session;
  return { sessionId, tenantId, requestedBy, state, createdAt, updatedAt };
}

export interface ApiKeyWire {
  readonly keyId: string;
  readonly tenantId: string;
  readonly name: string;
  readonly role: TenantRole;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly holderId: string;
  readonly lastUsedAt: Date | null;
}

export function apiKeyWire(key: ApiKey): ApiKeyWire {
  const { keyId, tenantId, name, role, createdAt, expiresAt, revokedAt, lastUsedAt } = key;
  const holderId = holderOf(key);
  return { keyId, tenantId, name, role, createdAt, expiresAt, revokedAt, holderId, lastUsedAt };
}

export type NewApiKeyWire = ApiKeyWire & { readonly key: string };

export function newApiKeyWire(key: ApiKey & { readonly key: string }): NewApiKeyWire {
  return { ...apiKeyWire(key), key: key.key };
}

export type ReviewWire = Omit<ReviewCard, 'rank' | 'edited' | 'assignedUntil' | 'proposedBy'>;

export function reviewWire(card: ReviewCard): ReviewWire {
  return {
    reviewId: card.reviewId,
    tenantId: card.tenantId,
    taskId: card.taskId,
    resultId: card.resultId,
    sessionId: card.sessionId,
    agentId: card.agentId,
    kind: card.kind,
    reason: card.reason,
    reasons: card.reasons,
    details: card.details,
    status: card.status,
    confidence: card.confidence,
    taskInput: card.taskInput,
    proposedOutput: card.proposedOutput,
    outputDigest: card.outputDigest,
    editedOutput: card.editedOutput,
    policyVersion: card.policyVersion,
    assignee: card.status === 'PENDING' ? assigneeAt(card, new Date()) : card.assignee,
    operatorId: card.operatorId,
    comment: card.comment,
    timestamp: card.timestamp,
    dueAt: card.dueAt,
    resolutionAt: card.resolutionAt,
    version: card.version,
  };
}

/** A card in a list: secrets and personal data that the gate found in its outputs are masked. */
export function listedReviewWire(card: ReviewCard): ReviewWire {
  const { output, reasons } = masked(card.proposedOutput, card.reasons);
  return {
    ...reviewWire(card),
    reasons,
    proposedOutput: output,
    // Where the gate found something in an edit is not kept.
    editedOutput: card.edited ? hidden : null,
  };
}

/** What a card holds, unmasked. */
export type RevealedWire = Pick<ReviewCard, 'reviewId' | 'proposedOutput' | 'editedOutput' | 'outputDigest'>;

export function revealedWire(card: ReviewCard): RevealedWire {
  const { reviewId, proposedOutput, editedOutput, outputDigest } = card;
  return { reviewId, proposedOutput, editedOutput, outputDigest };
}

export type PolicyWire = Policy;

export function policyWire(policy: Policy): PolicyWire {
  const {
    version,
    confidence,
    keywords,
    patterns,
    detectors,
    topics,
    kinds,
    reviewDeadlineMs,
    createdAt,
    createdBy,
  } = policy;
  return {
    version,
    confidence,
    keywords,
    patterns,
    detectors,
    topics,
    kinds,
    reviewDeadlineMs,
    createdAt,
    createdBy,
  };
}

export interface AuditEventWire {
  readonly sequence: number;
  readonly eventId: string;
  readonly tenantId: string;
  readonly type: AuditType;
  readonly at: Date;
  readonly actor: Actor;
  readonly taskId: string | null;
  readonly reviewId: string | null;
  readonly agentId: string | null;
  readonly sessionId: string | null;
  readonly traceId: string | null;
  readonly payload: JsonObject;
  readonly previousHash: string;
  readonly hash: string;
}

export const auditEventWire = (event: AuditEvent): AuditEventWire => event;

/** An event of the feed; what it is not about is left out. */
export interface FeedEventWire {
  readonly id: string;
  readonly type: AuditType;
  readonly at: Date;
  readonly tenantId: string;
  readonly taskId?: string;
  readonly sessionId?: string;
  readonly reviewId?: string;
  readonly agentId?: string;
  readonly data: JsonObject;
}

function feedEventWire({ sequence, type, at, tenantId, payload, ...event }: AuditEvent): FeedEventWire {
  return {
    id: String(sequence),
    type,
    at,
    tenantId,
    ...(event.taskId !== null && { taskId: event.taskId }),
    ...(event.sessionId !== null && { sessionId: event.sessionId }),
    ...(event.reviewId !== null && { reviewId: event.reviewId }),
    ...(event.agentId !== null && { agentId: event.agentId }),
    data: payload,
  };
}

/** An event of the feed as a Server-Sent Events message (WHATWG HTML, section 9.2). */
export function feedMessage(event: AuditEvent): string {
  return `id: ${event.sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(feedEventWire(event))}\n\n`;
}
