import type { RowKind } from '../../ports/ledger.js';
import type { PayloadSeal } from './payload-seal.js';
import { RowTable, type SealedColumn } from './row-table.js';
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
import type { Models } from './tenant-rows.js';

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

/** What agents, submitters and operators write. The outcome of a decision stays in the open: guards of the database look at it. */
const sealedInTask: readonly SealedColumn[] = [{ name: 'input' }, { name: 'feedback' }, { name: 'error' }];
const sealedInResult: readonly SealedColumn[] = [
  { name: 'output' },
  { name: 'error' },
  { name: 'decision', member: 'reasons' },
];
const sealedInReview: readonly SealedColumn[] = [
  { name: 'reasons' },
  { name: 'details' },
  { name: 'taskInput' },
  { name: 'proposedOutput' },
  { name: 'editedOutput' },
  { name: 'comment' },
];
/** Entries about cards have an operator's words in them. */
const sealedInAudit: readonly SealedColumn[] = [
  { name: 'payload', of: (row) => 'type' in row && String(row.type).startsWith('review.') },
];

export type Tables = Readonly<Record<RowKind | 'tenant' | 'audit' | 'shadowVerdict', RowTable>>;

/** The tables of the models, by name. `seal` keeps the payloads in them. */
export function tablesOf(models: Models, seal: PayloadSeal): Tables {
  return {
    tenant: new RowTable(models.getMetadata(tenantSchema)),
    apiKey: new RowTable(models.getMetadata(apiKeySchema), fixedInApiKey),
    session: new RowTable(models.getMetadata(sessionSchema), fixedInSession),
    agent: new RowTable(models.getMetadata(agentSchema)),
    fleetBrake: new RowTable(models.getMetadata(fleetBrakeSchema)),
    task: new RowTable(models.getMetadata(taskSchema), fixedInTask, { seal, columns: sealedInTask }),
    result: new RowTable(models.getMetadata(resultSchema), [], { seal, columns: sealedInResult }),
    receipt: new RowTable(models.getMetadata(receiptSchema)),
    review: new RowTable(models.getMetadata(reviewSchema), fixedInReview, {
      seal,
      columns: sealedInReview,
    }),
    policy: new RowTable(models.getMetadata(policySchema)),
    stagedPolicy: new RowTable(models.getMetadata(stagedPolicySchema), fixedInStagedPolicy),
    backtest: new RowTable(models.getMetadata(backtestSchema), fixedInBacktest),
    shadowVerdict: new RowTable(models.getMetadata(shadowVerdictSchema)),
    audit: new RowTable(models.getMetadata(auditSchema), [], { seal, columns: sealedInAudit }),
  };
}
