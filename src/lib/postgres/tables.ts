import type { DataSource } from 'typeorm';
import type { RowKind } from '../../ports/ledger.js';
import { RowTable } from './row-table.js';
import {
  agentSchema,
  apiKeySchema,
  auditSchema,
  backtestSchema,
  fleetBrakeSchema,
  policySchema,
  receiptSchema,
  resultSchema,
  reviewSchema,
  sessionSchema,
  shadowVerdictSchema,
  stagedPolicySchema,
  taskSchema,
  tenantSchema,
} from './schemas.js';

/** What was submitted as a task, or shown on a card, never changes: updates leave these columns out. */
const fixedInTask = [
  'traceId',
  'parentTaskId',
  'sessionId',
  'kind',
  'input',
  'priority',
  'maxAttempts',
  'timeoutMs',
  'onApproval',
  'idempotencyKey',
  'requestDigest',
  'createdAt',
];
const fixedInReview = [
  'taskId',
  'resultId',
  'sessionId',
  'agentId',
  'kind',
  'reason',
  'reasons',
  'details',
  'confidence',
  'rank',
  'taskInput',
  'proposedOutput',
  'policyVersion',
  'proposedBy',
  'timestamp',
  'dueAt',
];
/** When a key was last used is noted from outside the ledger. */
const fixedInApiKey = ['name', 'role', 'keyHash', 'holderId', 'lastUsedAt', 'createdAt'];
const fixedInStagedPolicy = ['rules', 'rulesDigest', 'note', 'createdAt', 'createdBy'];
const fixedInBacktest = [
  'draftId',
  'rules',
  'rulesDigest',
  'baseVersion',
  'from',
  'to',
  'createdAt',
  'createdBy',
];
const fixedInSession = ['requestedBy', 'createdAt'];

export type Tables = Readonly<Record<RowKind | 'tenant' | 'audit' | 'shadowVerdict', RowTable>>;

/** The tables of the models, by name. */
export function tablesOf(dataSource: DataSource): Tables {
  return {
    tenant: new RowTable(dataSource.getMetadata(tenantSchema)),
    apiKey: new RowTable(dataSource.getMetadata(apiKeySchema), fixedInApiKey),
    session: new RowTable(dataSource.getMetadata(sessionSchema), fixedInSession),
    agent: new RowTable(dataSource.getMetadata(agentSchema)),
    fleetBrake: new RowTable(dataSource.getMetadata(fleetBrakeSchema)),
    task: new RowTable(dataSource.getMetadata(taskSchema), fixedInTask),
    result: new RowTable(dataSource.getMetadata(resultSchema)),
    receipt: new RowTable(dataSource.getMetadata(receiptSchema)),
    review: new RowTable(dataSource.getMetadata(reviewSchema), fixedInReview),
    policy: new RowTable(dataSource.getMetadata(policySchema)),
    stagedPolicy: new RowTable(dataSource.getMetadata(stagedPolicySchema), fixedInStagedPolicy),
    backtest: new RowTable(dataSource.getMetadata(backtestSchema), fixedInBacktest),
    shadowVerdict: new RowTable(dataSource.getMetadata(shadowVerdictSchema)),
    audit: new RowTable(dataSource.getMetadata(auditSchema)),
  };
}
