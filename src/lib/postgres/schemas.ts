import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import type { ApiKey } from '../../models/access.js';
import type { Agent } from '../../models/agent.js';
import type { Actor, AuditEvent } from '../../models/audit.js';
import type { Backtest } from '../../models/backtest.js';
import type { FleetBrake } from '../../models/fleet-brake.js';
import type { Policy } from '../../models/policy.js';
import type { Checkpoint } from '../../models/checkpoint.js';
import type { ApprovalReceipt } from '../../models/receipt.js';
import type { Result } from '../../models/result.js';
import type { ReviewCard } from '../../models/review.js';
import type { Session } from '../../models/session.js';
import type { StagedPolicy } from '../../models/staged-policy.js';
import type { Task } from '../../models/task.js';
import type { Tenant } from '../../models/tenant.js';
import type { ShadowVerdict } from '../../ports/policy-trials.js';

/*
 * How models lie in PostgreSQL. The migrations are the authority on what TypeORM cannot say (triggers); a test holds the
 * two to each other. JSON that a person approves is kept as `json`, which stores the text as it came, not as `jsonb`.
 */

function column(
  name: string,
  type: EntitySchemaColumnOptions['type'],
  more: Partial<EntitySchemaColumnOptions> = {},
) {
  return { name, type, ...more };
}
const text = (name: string) => column(name, 'text');
/** Compared by its bytes, whatever the database's language is. */
const inByteOrder = (name: string) => column(name, 'text', { collation: 'C' });
const uuid = (name: string) => column(name, 'uuid');
const integer = (name: string) => column(name, 'integer');
const json = (name: string) => column(name, 'json');
const time = (name: string) => column(name, 'timestamptz', { precision: 3 });
const boolean = (name: string) => column(name, 'boolean');
const key = (options: EntitySchemaColumnOptions): EntitySchemaColumnOptions => ({
  ...options,
  primary: true,
});
const optional = (options: EntitySchemaColumnOptions): EntitySchemaColumnOptions => ({
  ...options,
  nullable: true,
});

function ofTenant(constraint: string) {
  return {
    name: constraint,
    target: 'tenants',
    columnNames: ['tenantId'],
    referencedColumnNames: ['tenantId'],
  };
}

export const tenantSchema = new EntitySchema<Tenant>({
  name: 'tenants',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'tenants_pkey' }),
    name: optional(text('name')),
    createdAt: time('created_at'),
  },
});

export const apiKeySchema = new EntitySchema<ApiKey>({
  name: 'api_keys',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'api_keys_pkey' }),
    keyId: key({ ...uuid('key_id'), primaryKeyConstraintName: 'api_keys_pkey' }),
    name: text('name'),
    role: text('role'),
    keyHash: text('key_hash'),
    holderId: optional(uuid('holder_id')),
    expiresAt: optional(time('expires_at')),
    replacedAt: optional(time('replaced_at')),
    madeToExpireAt: optional(time('made_to_expire_at')),
    revokedAt: optional(time('revoked_at')),
    lastUsedAt: optional(time('last_used_at')),
    createdAt: time('created_at'),
    version: integer('version'),
  },
  indices: [{ name: 'api_keys_hash', columns: ['keyHash'], unique: true }],
  checks: [{ name: 'api_keys_role', expression: `role IN ('OPERATOR', 'SUBMITTER', 'AGENT', 'AUDITOR')` }],
  foreignKeys: [
    ofTenant('api_keys_tenant'),
    {
      name: 'api_keys_holder',
      target: 'api_keys',
      columnNames: ['tenantId', 'holderId'],
      referencedColumnNames: ['tenantId', 'keyId'],
    },
  ],
});

export const sessionSchema = new EntitySchema<Session>({
  name: 'sessions',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'sessions_pkey' }),
    sessionId: key({ ...uuid('session_id'), primaryKeyConstraintName: 'sessions_pkey' }),
    requestedBy: optional(text('requested_by')),
    state: text('state'),
    createdAt: time('created_at'),
    updatedAt: time('updated_at'),
    version: integer('version'),
  },
  checks: [{ name: 'sessions_state', expression: `state IN ('CREATED', 'RUNNING', 'PAUSED', 'STOPPED')` }],
  foreignKeys: [ofTenant('sessions_tenant')],
});

export const agentSchema = new EntitySchema<Agent>({
  name: 'agents',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'agents_pkey' }),
    agentId: key({ ...text('agent_id'), primaryKeyConstraintName: 'agents_pkey' }),
    name: optional(text('name')),
    role: text('role'),
    agentVersion: optional(text('agent_version')),
    capabilities: column('capabilities', 'text', { array: true }),
    maxConcurrentTasks: integer('max_concurrent_tasks'),
    metadata: json('metadata'),
    paused: boolean('paused'),
    removed: boolean('removed'),
    registeredAt: time('registered_at'),
    version: integer('version'),
  },
  checks: [{ name: 'agents_role', expression: `role IN ('PLANNER', 'WORKER', 'JUDGE')` }],
  foreignKeys: [ofTenant('agents_tenant')],
});

export const taskSchema = new EntitySchema<Task>({
  name: 'tasks',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'tasks_pkey' }),
    taskId: key({ ...uuid('task_id'), primaryKeyConstraintName: 'tasks_pkey' }),
    traceId: text('trace_id'),
    parentTaskId: optional(uuid('parent_task_id')),
    sessionId: optional(uuid('session_id')),
    kind: text('kind'),
    input: optional(json('input')),
    status: text('status'),
    stage: text('stage'),
    priority: integer('priority'),
    attempt: integer('attempt'),
    attemptsUsed: integer('attempts_used'),
    maxAttempts: integer('max_attempts'),
    timeoutMs: optional(integer('timeout_ms')),
    onApproval: text('on_approval'),
    agentId: optional(text('agent_id')),
    reviewId: optional(uuid('review_id')),
    resultId: optional(uuid('result_id')),
    feedback: optional(json('feedback')),
    error: optional(json('error')),
    leaseToken: optional(text('lease_token')),
    leaseExpiresAt: optional(time('lease_expires_at')),
    deadlineAt: optional(time('deadline_at')),
    availableAt: time('available_at'),
    idempotencyKey: optional(text('idempotency_key')),
    requestDigest: optional(text('request_digest')),
    createdAt: time('created_at'),
    updatedAt: time('updated_at'),
    startedAt: optional(time('started_at')),
    completedAt: optional(time('completed_at')),
    version: integer('version'),
  },
  indices: [
    {
      name: 'tasks_idempotency',
      columns: ['tenantId', 'idempotencyKey'],
      unique: true,
      where: 'idempotency_key IS NOT NULL',
    },
    {
      name: 'tasks_ready',
      columns: ['tenantId', 'kind', 'taskId'],
      where: `status IN ('QUEUED', 'APPROVED')`,
    },
    { name: 'tasks_lease', columns: ['leaseExpiresAt'], where: `status = 'RUNNING'` },
    { name: 'tasks_holder', columns: ['tenantId', 'agentId', 'taskId'], where: `status = 'RUNNING'` },
    {
      name: 'tasks_cancelled',
      columns: ['tenantId', 'agentId', 'completedAt'],
      where: `status = 'CANCELLED'`,
    },
    { name: 'tasks_status', columns: ['tenantId', 'status', 'taskId'] },
    { name: 'tasks_kind', columns: ['tenantId', 'kind', 'taskId'] },
    { name: 'tasks_agent', columns: ['tenantId', 'agentId', 'taskId'], where: 'agent_id IS NOT NULL' },
    { name: 'tasks_session', columns: ['tenantId', 'sessionId', 'taskId'], where: 'session_id IS NOT NULL' },
    {
      name: 'tasks_unfinished',
      columns: ['tenantId', 'sessionId'],
      where: `session_id IS NOT NULL AND status IN ('QUEUED', 'RUNNING', 'NEEDS_REVIEW', 'APPROVED')`,
    },
  ],
  checks: [
    {
      name: 'tasks_status_known',
      expression: `status IN ('QUEUED', 'RUNNING', 'NEEDS_REVIEW', 'APPROVED', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'BLOCKED', 'REJECTED', 'CANCELLED')`,
    },
    { name: 'tasks_stage_known', expression: `stage IN ('PROPOSE', 'EXECUTE')` },
    { name: 'tasks_on_approval_known', expression: `on_approval IN ('EXECUTE', 'COMPLETE')` },
    { name: 'tasks_priority_range', expression: 'priority BETWEEN 0 AND 100' },
    {
      name: 'tasks_attempts',
      expression: 'attempt >= 0 AND attempts_used BETWEEN 0 AND max_attempts AND max_attempts >= 1',
    },
    {
      name: 'tasks_waiting_stage',
      expression: `(status <> 'QUEUED' OR stage = 'PROPOSE') AND (status <> 'APPROVED' OR stage = 'EXECUTE')`,
    },
    {
      name: 'tasks_lease_while_running',
      expression: `(status = 'RUNNING') = (lease_token IS NOT NULL) AND (lease_token IS NULL) = (lease_expires_at IS NULL) AND (status <> 'RUNNING' OR agent_id IS NOT NULL)`,
    },
    {
      name: 'tasks_completed_when_final',
      expression: `(status IN ('SUCCEEDED', 'FAILED', 'TIMED_OUT', 'BLOCKED', 'REJECTED', 'CANCELLED')) = (completed_at IS NOT NULL)`,
    },
    { name: 'tasks_success_has_result', expression: `status <> 'SUCCEEDED' OR result_id IS NOT NULL` },
    {
      name: 'tasks_review_has_card',
      expression: `(status NOT IN ('NEEDS_REVIEW', 'REJECTED') AND stage <> 'EXECUTE') OR review_id IS NOT NULL`,
    },
  ],
  foreignKeys: [
    {
      name: 'tasks_of_session',
      target: 'sessions',
      columnNames: ['tenantId', 'sessionId'],
      referencedColumnNames: ['tenantId', 'sessionId'],
    },
    {
      name: 'tasks_parent',
      target: 'tasks',
      columnNames: ['tenantId', 'parentTaskId'],
      referencedColumnNames: ['tenantId', 'taskId'],
    },
  ],
});

export const resultSchema = new EntitySchema<Result>({
  name: 'results',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'results_pkey' }),
    resultId: key({ ...uuid('result_id'), primaryKeyConstraintName: 'results_pkey' }),
    taskId: uuid('task_id'),
    attempt: integer('attempt'),
    stage: text('stage'),
    agentId: text('agent_id'),
    leaseToken: text('lease_token'),
    status: text('status'),
    output: optional(json('output')),
    outputDigest: optional(text('output_digest')),
    confidence: optional(column('confidence', 'double precision')),
    error: optional(json('error')),
    decision: optional(json('decision')),
    submissionDigest: text('submission_digest'),
    taskStatus: text('task_status'),
    reviewId: optional(uuid('review_id')),
    createdAt: time('created_at'),
  },
  indices: [
    { name: 'results_lease', columns: ['tenantId', 'leaseToken'], unique: true },
    { name: 'results_attempt', columns: ['tenantId', 'taskId', 'attempt'], unique: true },
  ],
  checks: [
    { name: 'results_confidence_range', expression: 'confidence BETWEEN 0 AND 1' },
    {
      name: 'results_judged',
      expression: `status = 'FAILED' OR stage = 'EXECUTE' OR (decision IS NOT NULL AND confidence IS NOT NULL AND output_digest IS NOT NULL)`,
    },
  ],
});

export const reviewSchema = new EntitySchema<ReviewCard>({
  name: 'review_cards',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'review_cards_pkey' }),
    reviewId: key({ ...uuid('review_id'), primaryKeyConstraintName: 'review_cards_pkey' }),
    taskId: uuid('task_id'),
    resultId: uuid('result_id'),
    sessionId: optional(uuid('session_id')),
    agentId: text('agent_id'),
    kind: text('kind'),
    reason: text('reason'),
    reasons: json('reasons'),
    details: text('details'),
    status: text('status'),
    confidence: optional(column('confidence', 'double precision')),
    rank: integer('rank'),
    taskInput: optional(json('task_input')),
    proposedOutput: optional(json('proposed_output')),
    outputDigest: text('output_digest'),
    editedOutput: optional(json('edited_output')),
    edited: boolean('edited'),
    policyVersion: integer('policy_version'),
    proposedBy: optional(text('proposed_by')),
    assignee: optional(text('assignee')),
    assignedUntil: optional(time('assigned_until')),
    operatorId: optional(text('operator_id')),
    comment: optional(text('comment')),
    timestamp: time('created_at'),
    dueAt: time('due_at'),
    resolutionAt: optional(time('resolution_at')),
    version: integer('version'),
  },
  indices: [
    { name: 'review_cards_status', columns: ['tenantId', 'status', 'reviewId'] },
    { name: 'review_cards_rank', columns: ['tenantId', 'status', 'rank', 'reviewId'] },
    { name: 'review_cards_due', columns: ['dueAt'], where: `status = 'PENDING'` },
    {
      name: 'review_cards_one_pending',
      columns: ['tenantId', 'taskId'],
      unique: true,
      where: `status = 'PENDING'`,
    },
    { name: 'review_cards_result', columns: ['tenantId', 'resultId'], unique: true },
  ],
  checks: [
    {
      name: 'review_cards_status_known',
      expression: `status IN ('PENDING', 'APPROVED', 'REJECTED', 'EXPIRED')`,
    },
    { name: 'review_cards_resolved', expression: `(status = 'PENDING') = (resolution_at IS NULL)` },
    {
      name: 'review_cards_decided_by',
      expression: `(status IN ('APPROVED', 'REJECTED')) = (operator_id IS NOT NULL)`,
    },
    {
      name: 'review_cards_not_by_proposer',
      expression: `NOT (status = 'APPROVED' AND operator_id = proposed_by)`,
    },
    { name: 'review_cards_edit_is_approved', expression: `NOT edited OR status = 'APPROVED'` },
  ],
  foreignKeys: [
    {
      name: 'review_cards_of_task',
      target: 'tasks',
      columnNames: ['tenantId', 'taskId'],
      referencedColumnNames: ['tenantId', 'taskId'],
    },
  ],
});

export const policySchema = new EntitySchema<Policy & { tenantId: string }>({
  name: 'policies',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'policies_pkey' }),
    version: key({ ...integer('version'), primaryKeyConstraintName: 'policies_pkey' }),
    confidence: json('confidence'),
    keywords: json('keywords'),
    patterns: json('patterns'),
    detectors: json('detectors'),
    topics: json('topics'),
    kinds: json('kinds'),
    reviewDeadlineMs: column('review_deadline_ms', 'bigint', {
      transformer: { to: (value: number) => value, from: (value: string) => Number(value) },
    }),
    createdAt: time('created_at'),
    createdBy: text('created_by'),
  },
  checks: [{ name: 'policies_version_positive', expression: 'version >= 1' }],
  foreignKeys: [ofTenant('policies_tenant')],
});

export const stagedPolicySchema = new EntitySchema<StagedPolicy>({
  name: 'policy_drafts',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'policy_drafts_pkey' }),
    draftId: key({ ...uuid('draft_id'), primaryKeyConstraintName: 'policy_drafts_pkey' }),
    rules: json('rules'),
    rulesDigest: text('rules_digest'),
    note: optional(text('note')),
    state: text('state'),
    createdAt: time('created_at'),
    createdBy: text('created_by'),
    shadowedAt: optional(time('shadowed_at')),
    looser: optional(boolean('looser')),
    proposedAt: optional(time('proposed_at')),
    proposedBy: optional(text('proposed_by')),
    proposedOver: optional(integer('proposed_over')),
    backtestId: optional(uuid('backtest_id')),
    replayed: optional(integer('replayed')),
    approvedAt: optional(time('approved_at')),
    approvedBy: optional(text('approved_by')),
    policyVersion: optional(integer('policy_version')),
    closedAt: optional(time('closed_at')),
    version: integer('version'),
  },
  indices: [{ name: 'policy_drafts_shadow', columns: ['tenantId', 'draftId'], where: `state = 'SHADOW'` }],
  checks: [
    {
      name: 'policy_drafts_state_known',
      expression: `state IN ('DRAFT', 'SHADOW', 'LIVE', 'DISCARDED')`,
    },
    { name: 'policy_drafts_shadowed', expression: `state <> 'SHADOW' OR shadowed_at IS NOT NULL` },
    {
      name: 'policy_drafts_proposed',
      expression: `(proposed_by IS NULL) = (proposed_at IS NULL) AND (proposed_by IS NULL) = (looser IS NULL) AND (proposed_by IS NULL) = (proposed_over IS NULL)`,
    },
    {
      name: 'policy_drafts_four_eyes',
      expression: `approved_by IS NULL OR (proposed_by IS NOT NULL AND approved_by <> proposed_by)`,
    },
    {
      name: 'policy_drafts_looser_approved',
      expression: `state <> 'LIVE' OR (looser IS NOT NULL AND (NOT looser OR (approved_by IS NOT NULL AND backtest_id IS NOT NULL)))`,
    },
    {
      name: 'policy_drafts_replayed',
      expression: `replayed IS NULL OR (replayed >= 0 AND backtest_id IS NOT NULL)`,
    },
    { name: 'policy_drafts_live', expression: `(state = 'LIVE') = (policy_version IS NOT NULL)` },
    {
      name: 'policy_drafts_closed',
      expression: `(state IN ('LIVE', 'DISCARDED')) = (closed_at IS NOT NULL)`,
    },
  ],
  foreignKeys: [
    ofTenant('policy_drafts_tenant'),
    {
      name: 'policy_drafts_backtest',
      target: 'policy_backtests',
      columnNames: ['tenantId', 'backtestId'],
      referencedColumnNames: ['tenantId', 'backtestId'],
    },
    {
      name: 'policy_drafts_became',
      target: 'policies',
      columnNames: ['tenantId', 'policyVersion'],
      referencedColumnNames: ['tenantId', 'version'],
    },
  ],
});

export const backtestSchema = new EntitySchema<Backtest>({
  name: 'policy_backtests',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'policy_backtests_pkey' }),
    backtestId: key({ ...uuid('backtest_id'), primaryKeyConstraintName: 'policy_backtests_pkey' }),
    draftId: optional(uuid('draft_id')),
    rules: json('rules'),
    rulesDigest: text('rules_digest'),
    baseVersion: integer('base_version'),
    from: time('from_at'),
    to: time('to_at'),
    state: text('state'),
    total: optional(integer('total')),
    done: integer('done'),
    report: optional(json('report')),
    error: optional(text('error')),
    createdAt: time('created_at'),
    createdBy: text('created_by'),
    updatedAt: time('updated_at'),
    finishedAt: optional(time('finished_at')),
    version: integer('version'),
  },
  indices: [
    {
      name: 'policy_backtests_unfinished',
      columns: ['updatedAt'],
      where: `state IN ('QUEUED', 'RUNNING')`,
    },
  ],
  checks: [
    {
      name: 'policy_backtests_state_known',
      expression: `state IN ('QUEUED', 'RUNNING', 'DONE', 'FAILED')`,
    },
    {
      name: 'policy_backtests_finished',
      expression: `(state IN ('DONE', 'FAILED')) = (finished_at IS NOT NULL)`,
    },
    { name: 'policy_backtests_done_has_report', expression: `(state = 'DONE') = (report IS NOT NULL)` },
  ],
  foreignKeys: [
    {
      name: 'policy_backtests_base',
      target: 'policies',
      columnNames: ['tenantId', 'baseVersion'],
      referencedColumnNames: ['tenantId', 'version'],
    },
  ],
});

/** What a shadow policy says of a live result. */
export const shadowVerdictSchema = new EntitySchema<ShadowVerdict>({
  name: 'shadow_verdicts',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'shadow_verdicts_pkey' }),
    draftId: key({ ...uuid('draft_id'), primaryKeyConstraintName: 'shadow_verdicts_pkey' }),
    resultId: key({ ...uuid('result_id'), primaryKeyConstraintName: 'shadow_verdicts_pkey' }),
    taskId: uuid('task_id'),
    reviewId: optional(uuid('review_id')),
    kind: text('kind'),
    live: text('live'),
    shadow: text('shadow'),
    detectors: column('detectors', 'text', { array: true }),
    judgedAt: time('judged_at'),
  },
  indices: [
    {
      name: 'shadow_verdicts_differing',
      columns: ['tenantId', 'draftId', 'live', 'shadow', 'resultId'],
      where: 'live <> shadow',
    },
    { name: 'shadow_verdicts_age', columns: ['judgedAt'] },
  ],
  checks: [
    {
      name: 'shadow_verdicts_outcomes',
      expression: `live IN ('APPROVE', 'HITL', 'DENY', 'RETRY') AND shadow IN ('APPROVE', 'HITL', 'DENY', 'RETRY')`,
    },
  ],
  foreignKeys: [
    {
      name: 'shadow_verdicts_of_draft',
      target: 'policy_drafts',
      columnNames: ['tenantId', 'draftId'],
      referencedColumnNames: ['tenantId', 'draftId'],
    },
  ],
});

/** An audit event as it lies in its row: the actor in two columns. */
export type AuditRow = Omit<AuditEvent, 'actor'> & {
  readonly actorType: Actor['type'];
  readonly actorId: string;
};

export const auditSchema = new EntitySchema<AuditRow>({
  name: 'audit_events',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'audit_events_pkey' }),
    sequence: key({ ...column('sequence', 'bigint'), primaryKeyConstraintName: 'audit_events_pkey' }),
    eventId: uuid('event_id'),
    type: text('type'),
    at: time('at'),
    actorType: text('actor_type'),
    actorId: text('actor_id'),
    taskId: optional(uuid('task_id')),
    reviewId: optional(uuid('review_id')),
    agentId: optional(text('agent_id')),
    sessionId: optional(uuid('session_id')),
    traceId: optional(text('trace_id')),
    payload: json('payload'),
    previousHash: text('previous_hash'),
    hash: text('hash'),
  },
  indices: [
    { name: 'audit_events_task', columns: ['tenantId', 'taskId', 'sequence'], where: 'task_id IS NOT NULL' },
    {
      name: 'audit_events_review',
      columns: ['tenantId', 'reviewId', 'sequence'],
      where: 'review_id IS NOT NULL',
    },
    {
      name: 'audit_events_session',
      columns: ['tenantId', 'sessionId', 'sequence'],
      where: 'session_id IS NOT NULL',
    },
    { name: 'audit_events_type', columns: ['tenantId', 'type', 'sequence'] },
    { name: 'audit_events_actor', columns: ['tenantId', 'actorId', 'sequence'] },
    { name: 'audit_events_at', columns: ['tenantId', 'at'] },
  ],
  checks: [{ name: 'audit_events_sequence_positive', expression: 'sequence >= 1' }],
});

/**
 * The end of a tenant's chain, and how many of its tasks were open at the event `openTasksAt`. Locking this row is what puts a
 * tenant's units of work one after the other.
 */
export const auditHeadSchema = new EntitySchema<{
  tenantId: string;
  sequence: number;
  hash: string;
  openTasks: number;
  openTasksAt: number;
}>({
  name: 'audit_heads',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'audit_heads_pkey' }),
    sequence: column('sequence', 'bigint'),
    hash: text('hash'),
    openTasks: column('open_tasks', 'bigint', { default: 0 }),
    openTasksAt: column('open_tasks_at', 'bigint', { default: 0 }),
  },
  foreignKeys: [ofTenant('audit_heads_tenant')],
});

/** The admin's key, made at the first start. One row. */
export const adminKeySchema = new EntitySchema<{ only: boolean; keyHash: string; createdAt: Date }>({
  name: 'admin_key',
  columns: {
    only: key({ ...boolean('only'), default: true, primaryKeyConstraintName: 'admin_key_pkey' }),
    keyHash: text('key_hash'),
    createdAt: time('created_at'),
  },
  checks: [{ name: 'admin_key_one_row', expression: '"only"' }],
});

/** The registry, when it is kept in PostgreSQL. */
export const registryEntrySchema = new EntitySchema<{
  tenantId: string;
  agentId: string;
  facts: Agent;
  status: string;
  lastSeen: Date;
  metrics: unknown;
  liveness: string;
  paused: boolean;
}>({
  name: 'registry_entries',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'registry_entries_pkey' }),
    agentId: key({ ...inByteOrder('agent_id'), primaryKeyConstraintName: 'registry_entries_pkey' }),
    facts: json('facts'),
    status: text('status'),
    lastSeen: time('last_seen'),
    metrics: optional(json('metrics')),
    liveness: text('liveness'),
    paused: { ...boolean('paused'), default: false },
  },
  indices: [
    { name: 'registry_entries_silence', columns: ['lastSeen'], where: `liveness <> 'OFFLINE'` },
    {
      name: 'registry_entries_listed',
      columns: ['tenantId', 'status', 'agentId'],
      where: `liveness IN ('PRESENT', 'SUSPECT')`,
    },
    {
      name: 'registry_entries_absent',
      columns: ['tenantId', 'agentId'],
      where: `liveness IN ('OFFLINE', 'RESTORED')`,
    },
  ],
  checks: [
    { name: 'registry_entries_status', expression: `status IN ('ACTIVE', 'IDLE', 'BUSY')` },
    {
      name: 'registry_entries_liveness',
      expression: `liveness IN ('PRESENT', 'SUSPECT', 'OFFLINE', 'RESTORED')`,
    },
  ],
});

/** Which agents of the registry take which kinds: a trigger keeps it with the facts. */
export const registryCapabilitySchema = new EntitySchema<{
  tenantId: string;
  capability: string;
  agentId: string;
}>({
  name: 'registry_capabilities',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'registry_capabilities_pkey' }),
    capability: key({ ...text('capability'), primaryKeyConstraintName: 'registry_capabilities_pkey' }),
    agentId: key({ ...inByteOrder('agent_id'), primaryKeyConstraintName: 'registry_capabilities_pkey' }),
  },
  indices: [{ name: 'registry_capabilities_agent', columns: ['tenantId', 'agentId'] }],
  foreignKeys: [
    {
      name: 'registry_capabilities_entry',
      target: 'registry_entries',
      columnNames: ['tenantId', 'agentId'],
      referencedColumnNames: ['tenantId', 'agentId'],
      onDelete: 'CASCADE',
    },
  ],
});

/** Whether a tenant's silent agents keep their leases. */
export const fleetBrakeSchema = new EntitySchema<FleetBrake>({
  name: 'fleet_brakes',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'fleet_brakes_pkey' }),
    engagedAt: optional(time('engaged_at')),
    releasesAt: optional(time('releases_at')),
    silent: integer('silent'),
    expected: integer('expected'),
    version: integer('version'),
  },
  indices: [{ name: 'fleet_brakes_engaged', columns: ['tenantId'], where: 'engaged_at IS NOT NULL' }],
  checks: [{ name: 'fleet_brakes_grace', expression: '(engaged_at IS NULL) = (releases_at IS NULL)' }],
  foreignKeys: [ofTenant('fleet_brakes_tenant')],
});

/** A checkpoint as it lies in its row: with the digest by which the next one names it. */
export type CheckpointRow = Checkpoint & { readonly digest: string };

export const checkpointSchema = new EntitySchema<CheckpointRow>({
  name: 'audit_checkpoints',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'audit_checkpoints_pkey' }),
    sequence: key({ ...column('sequence', 'bigint'), primaryKeyConstraintName: 'audit_checkpoints_pkey' }),
    hash: text('hash'),
    previousDigest: text('previous_digest'),
    at: time('at'),
    keyId: text('key_id'),
    signature: text('signature'),
    digest: text('digest'),
  },
  indices: [{ name: 'audit_checkpoints_unforked', columns: ['tenantId', 'previousDigest'], unique: true }],
  checks: [{ name: 'audit_checkpoints_sequence_positive', expression: 'sequence >= 1' }],
  foreignKeys: [
    {
      name: 'audit_checkpoints_of_event',
      target: 'audit_events',
      columnNames: ['tenantId', 'sequence'],
      referencedColumnNames: ['tenantId', 'sequence'],
    },
  ],
});

/** Up to where a tenant's checkpoints have reached a sink. */
export const checkpointDeliverySchema = new EntitySchema<{
  tenantId: string;
  sink: string;
  sequence: number;
  deliveredAt: Date;
}>({
  name: 'checkpoint_deliveries',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'checkpoint_deliveries_pkey' }),
    sink: key({ ...text('sink'), primaryKeyConstraintName: 'checkpoint_deliveries_pkey' }),
    sequence: column('sequence', 'bigint'),
    deliveredAt: time('delivered_at'),
  },
  foreignKeys: [
    {
      name: 'checkpoint_deliveries_upto',
      target: 'audit_checkpoints',
      columnNames: ['tenantId', 'sequence'],
      referencedColumnNames: ['tenantId', 'sequence'],
    },
  ],
});

export const receiptSchema = new EntitySchema<ApprovalReceipt>({
  name: 'approval_receipts',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'approval_receipts_pkey' }),
    reviewId: key({ ...uuid('review_id'), primaryKeyConstraintName: 'approval_receipts_pkey' }),
    taskId: uuid('task_id'),
    resultId: uuid('result_id'),
    outputDigest: text('output_digest'),
    edited: boolean('edited'),
    policyVersion: integer('policy_version'),
    cardDigest: text('card_digest'),
    operatorId: text('operator_id'),
    decidedAt: time('decided_at'),
    sequence: column('sequence', 'bigint'),
    hash: text('hash'),
    keyId: text('key_id'),
    signature: text('signature'),
  },
  foreignKeys: [
    {
      name: 'approval_receipts_of_card',
      target: 'review_cards',
      columnNames: ['tenantId', 'reviewId'],
      referencedColumnNames: ['tenantId', 'reviewId'],
    },
  ],
});

/** Which release has used up a receipt: a trigger writes it with the release. */
export const receiptUseSchema = new EntitySchema<{
  tenantId: string;
  reviewId: string;
  taskId: string;
  resultId: string;
  usedAt: Date;
}>({
  name: 'receipt_uses',
  columns: {
    tenantId: key({ ...text('tenant_id'), primaryKeyConstraintName: 'receipt_uses_pkey' }),
    reviewId: key({ ...uuid('review_id'), primaryKeyConstraintName: 'receipt_uses_pkey' }),
    taskId: uuid('task_id'),
    resultId: uuid('result_id'),
    usedAt: time('used_at'),
  },
  foreignKeys: [
    {
      name: 'receipt_uses_of_receipt',
      target: 'approval_receipts',
      columnNames: ['tenantId', 'reviewId'],
      referencedColumnNames: ['tenantId', 'reviewId'],
    },
  ],
});

/** From when on an approval has a receipt. One row. */
export const receiptRuleSchema = new EntitySchema<{ only: boolean; since: Date }>({
  name: 'receipt_rule',
  columns: {
    only: key({ ...boolean('only'), default: true, primaryKeyConstraintName: 'receipt_rule_pkey' }),
    since: time('since'),
  },
  checks: [{ name: 'receipt_rule_one_row', expression: '"only"' }],
});

export const schemas = [
  tenantSchema,
  apiKeySchema,
  sessionSchema,
  agentSchema,
  taskSchema,
  resultSchema,
  reviewSchema,
  policySchema,
  stagedPolicySchema,
  backtestSchema,
  shadowVerdictSchema,
  auditSchema,
  auditHeadSchema,
  adminKeySchema,
  registryEntrySchema,
  registryCapabilitySchema,
  fleetBrakeSchema,
  checkpointSchema,
  checkpointDeliverySchema,
  receiptSchema,
  receiptUseSchema,
  receiptRuleSchema,
];
