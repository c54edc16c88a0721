import { randomUUID } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import type { ApiKey } from '../../../src/models/access.js';
import type { Agent } from '../../../src/models/agent.js';
import { digestOf } from '../../../src/models/digest.js';
import { cardDigestOf, type ApprovalReceipt } from '../../../src/models/receipt.js';
import type { Result } from '../../../src/models/result.js';
import type { ReviewCard } from '../../../src/models/review.js';
import type { Session } from '../../../src/models/session.js';
import type { Task } from '../../../src/models/task.js';
import type { Ticket } from '../../../src/ports/task-queue.js';

/* Valid unless you say otherwise: each maker takes the fields that matter to a test. */

const moment = new Date('2026-03-01T12:00:00.000Z');
const tenantId = 't_factory';

/** A task that was just submitted. */
export function aTask(fields: Partial<Task> = {}): Task {
  return {
    taskId: uuidv7(),
    tenantId,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    parentTaskId: null,
    sessionId: null,
    kind: 'support.reply',
    input: { text: 'Where is my parcel?' },
    status: 'QUEUED',
    stage: 'PROPOSE',
    priority: 50,
    attempt: 0,
    attemptsUsed: 0,
    maxAttempts: 3,
    timeoutMs: null,
    onApproval: 'EXECUTE',
    agentId: null,
    reviewId: null,
    resultId: null,
    feedback: null,
    error: null,
    leaseToken: null,
    leaseExpiresAt: null,
    deadlineAt: null,
    availableAt: moment,
    idempotencyKey: null,
    requestDigest: null,
    createdAt: moment,
    updatedAt: moment,
    startedAt: null,
    completedAt: null,
    version: 1,
    ...fields,
  };
}

/** A task in an agent's hands, its lease good for a minute after `leasedAt`. */
export function aRunningTask(fields: Partial<Task> = {}, leasedAt = moment): Task {
  return aTask({
    status: 'RUNNING',
    attempt: 1,
    agentId: 'writer-1',
    leaseToken: randomUUID(),
    leaseExpiresAt: new Date(leasedAt.getTime() + 60_000),
    startedAt: leasedAt,
    version: 2,
    ...fields,
  });
}

/** A proposal that the Judge held for its low confidence. */
export function aResult(fields: Partial<Result> = {}): Result {
  const output = fields.output ?? { reply: 'It is on its way.' };
  return {
    resultId: uuidv7(),
    tenantId,
    taskId: uuidv7(),
    attempt: 1,
    stage: 'PROPOSE',
    agentId: 'writer-1',
    leaseToken: randomUUID(),
    status: 'SUCCEEDED',
    output,
    outputDigest: digestOf(output),
    confidence: 0.5,
    error: null,
    decision: {
      outcome: 'HITL',
      policyVersion: 1,
      reasons: [
        {
          code: 'LOW_CONFIDENCE',
          detector: 'CONFIDENCE',
          detail: 'The confidence is 0.5.',
          pointer: null,
          start: null,
          end: null,
        },
      ],
    },
    submissionDigest: digestOf({ output }),
    taskStatus: 'NEEDS_REVIEW',
    reviewId: null,
    createdAt: moment,
    ...fields,
  };
}

/** A card that nobody has decided, due in a day. */
export function aCard(fields: Partial<ReviewCard> = {}): ReviewCard {
  const proposedOutput = fields.proposedOutput ?? { reply: 'It is on its way.' };
  return {
    reviewId: uuidv7(),
    tenantId,
    taskId: uuidv7(),
    resultId: uuidv7(),
    sessionId: null,
    agentId: 'writer-1',
    kind: 'support.reply',
    reason: 'LOW_CONFIDENCE',
    reasons: [
      {
        code: 'LOW_CONFIDENCE',
        detector: 'CONFIDENCE',
        detail: 'The confidence is 0.5.',
        pointer: null,
        start: null,
        end: null,
      },
    ],
    details: 'The confidence is 0.5.',
    status: 'PENDING',
    confidence: 0.5,
    rank: 50,
    taskInput: { text: 'Where is my parcel?' },
    proposedOutput,
    outputDigest: digestOf(proposedOutput),
    editedOutput: null,
    edited: false,
    policyVersion: 1,
    proposedBy: 'a-key-of-an-agent',
    assignee: null,
    assignedUntil: null,
    operatorId: null,
    comment: null,
    timestamp: moment,
    dueAt: new Date(moment.getTime() + 86_400_000),
    resolutionAt: null,
    version: 1,
    ...fields,
  };
}

/** The receipt of a decided card; its signature is nobody's. */
export function aReceipt(card: ReviewCard, fields: Partial<ApprovalReceipt> = {}): ApprovalReceipt {
  const { tenantId, reviewId, taskId, resultId, outputDigest, edited, policyVersion } = card;
  return {
    tenantId,
    reviewId,
    taskId,
    resultId,
    outputDigest,
    edited,
    policyVersion,
    cardDigest: cardDigestOf(card),
    operatorId: card.operatorId ?? '',
    decidedAt: card.resolutionAt ?? moment,
    sequence: 1,
    hash: 'a'.repeat(64),
    keyId: 'key',
    signature: 'signature',
    ...fields,
  };
}

/** A run without tasks so far. */
export function aSession(fields: Partial<Session> = {}): Session {
  return {
    sessionId: uuidv7(),
    tenantId,
    requestedBy: null,
    state: 'CREATED',
    createdAt: moment,
    updatedAt: moment,
    version: 1,
    ...fields,
  };
}

/** A worker that answers customers. */
export function anAgent(fields: Partial<Agent> = {}): Agent {
  return {
    tenantId,
    agentId: 'writer-1',
    name: null,
    role: 'WORKER',
    agentVersion: null,
    capabilities: ['support.reply'],
    maxConcurrentTasks: 4,
    metadata: {},
    paused: false,
    removed: false,
    registeredAt: moment,
    version: 1,
    ...fields,
  };
}

/** A submitter's key that does not expire. */
export function anApiKey(fields: Partial<ApiKey> = {}): ApiKey {
  return {
    keyId: uuidv7(),
    tenantId,
    name: 'A key of a test',
    role: 'SUBMITTER',
    keyHash: randomUUID(),
    holderId: null,
    expiresAt: null,
    replacedAt: null,
    madeToExpireAt: null,
    revokedAt: null,
    lastUsedAt: null,
    createdAt: moment,
    version: 1,
    ...fields,
  };
}

/** A ticket for a first attempt that may be handed out at once. */
export function aTicket(fields: Partial<Ticket> = {}): Ticket {
  return {
    tenantId,
    kind: 'support.reply',
    taskId: uuidv7(),
    attempt: 1,
    priority: 50,
    delayMs: 0,
    ...fields,
  };
}
