import { roles, tenantRoles } from '../../models/access.js';
import { agentRoles, agentStatuses } from '../../models/agent.js';
import { type Actor, auditTypes, type ChainReport, feedTypes } from '../../models/audit.js';
import { checkpointFormat, type SignedCheckpoint } from '../../models/checkpoint.js';
import { type Decision, decisionOutcomes, type Reason, reasonCodes } from '../../models/decision.js';
import { errorCodes } from '../../models/errors.js';
import { type Approval, reviewStatuses } from '../../models/review.js';
import { topics } from '../../models/policy.js';
import { receiptFormat, type SignedReceipt } from '../../models/receipt.js';
import { sessionStates } from '../../models/session.js';
import type { PublicJwk } from '../../models/signing-key.js';
import { onApprovalChoices, stages, type TaskError, taskStatuses } from '../../models/task.js';
import { agentIdPattern, kindPattern, type Tenant, tenantIdPattern } from '../../models/tenant.js';
import {
  breakerStates,
  type CategoryScore,
  type TopicVerdict,
  verdictOutcomes,
} from '../../models/topic-verdict.js';
import type { BrakeView } from '../../services/fleet-brakes.js';
import type { FinalResult } from '../../services/task-desk.js';
import type { ResultReceipt } from '../../services/result-intake.js';
import type { ReadinessReport } from '../../services/readiness.js';
import type {
  AgentWire,
  ApiKeyWire,
  AssignmentWire,
  AuditEventWire,
  FeedEventWire,
  HeartbeatWire,
  NewApiKeyWire,
  RevealedWire,
  ReviewWire,
  SessionWire,
  TaskReceipt,
  TaskWire,
} from '../views.js';
import { policyComponents } from './policy.js';
import { policyTrialComponents } from './policy-trials.js';
import {
  anyJson,
  arrayOf,
  boolean,
  integer,
  mapOf,
  type Members,
  nullable,
  number,
  objectOf,
  oneOf,
  pageOf,
  ref,
  type Schema,
  text,
  time,
  uuid,
} from './schema.js';

const digest = text(
  "`sha256:` and the lower-case hex SHA-256 of the output's RFC 8785 form.",
  `sha256:${'ab'.repeat(32)}`,
  { pattern: '^sha256:[0-9a-f]{64}$' },
);
const tenantId = text('The tenant.', 't_acme', { pattern: tenantIdPattern.source });
const agentId = text('The agent.', 'writer-1', { pattern: agentIdPattern.source });
const kind = text('The kind of task.', 'support.reply', { pattern: kindPattern.source });
const traceId = text('W3C trace id.', '4bf92f3577b34da6a3ce929d0e0e4736', { pattern: '^[0-9a-f]{32}$' });
const hash = (description: string) => text(description, '0'.repeat(64), { pattern: '^[0-9a-f]{64}$' });
const confidence = nullable(number("The agent's, 0..1.", 0.62, { minimum: 0, maximum: 1 }));
const exampleInput = { text: 'Where is my order?' };
const exampleOutput = { reply: 'It left our warehouse today.' };

const count = (description: string, example = 0) => integer(description, example, { minimum: 0 });
const version = (description: string) => integer(description, 1, { minimum: 1 });

const task = objectOf<TaskWire>('A unit of work.', {
  taskId: uuid('The task.'),
  tenantId,
  traceId,
  parentTaskId: nullable(uuid('The task that it belongs to.')),
  sessionId: nullable(uuid('The session that it belongs to.')),
  kind,
  input: anyJson('What to work on.', exampleInput),
  status: oneOf(taskStatuses, 'Where it stands. QUEUED waits for stage PROPOSE, APPROVED for stage EXECUTE.'),
  stage: oneOf(stages, 'PROPOSE works out a result, EXECUTE carries out an approved one.'),
  priority: integer('0–100, the higher first.', 50, { minimum: 0, maximum: 100 }),
  attempt: count('Counts claims; the fencing token of the lease.', 1),
  maxAttempts: integer('Attempts that may fail before the task does.', 3, { minimum: 1, maximum: 100 }),
  timeoutMs: nullable(integer('How long one attempt may take, in milliseconds.', 30_000, { minimum: 1 })),
  onApproval: oneOf(onApprovalChoices, 'What an approval leads to.'),
  agentId: nullable(agentId),
  reviewId: nullable(uuid('The card that holds it or approved it.')),
  approval: nullable(ref('Approval')),
  createdAt: time('When it was submitted.'),
  updatedAt: time('When it last changed.'),
  startedAt: nullable(time('When it was first claimed.')),
  completedAt: nullable(time('When it ended.')),
  error: nullable(ref('TaskError')),
});

const approval = objectOf<Approval>("An operator's yes, bound to the digest of the exact output.", {
  reviewId: uuid('The card.'),
  operatorId: text('Who approved.'),
  decidedAt: time('When.'),
  comment: nullable(text('What the operator said.')),
  output: anyJson('What was approved, and exactly that.', exampleOutput),
  outputDigest: digest,
});

const taskError = objectOf<TaskError>(
  'Why a task, or its last attempt, came to nothing.',
  {
    code: text('A stable code.', 'REJECTED_BY_REVIEW'),
    message: text('In words.', 'Rejected by Review'),
    retryable: boolean('Whether another attempt may help.'),
    comment: nullable(text("The operator's words, when a review ended the task.")),
  },
  ['comment'],
);

const reason = objectOf<Reason>('One thing that fired, and where.', {
  code: oneOf(reasonCodes, 'What sort of thing.'),
  detector: text('What fired.', 'SECRET/JWT'),
  detail: text('In words. Never repeats the secret or the personal datum.', 'A JSON Web Token.'),
  pointer: nullable(text('RFC 6901 pointer to the string in the output.', '/reply')),
  start: nullable(count('Where in that string it starts, in UTF-16 code units.', 12)),
  end: nullable(count('Where it ends, exclusive.', 34)),
});

const decisionMembers: Members<Decision> = {
  outcome: oneOf(decisionOutcomes, 'Release, hold for a person, never release, or send back.'),
  policyVersion: count('The version of the policy that made it; 0 for a draft.', 1),
  detectorVersion: text(
    'The version of the detectors that looked, and of the Judge.',
    'fb3b70ad49337ca6-u17.0',
  ),
  reasons: arrayOf(ref('Reason'), 'Everything that fired.'),
  classifier: ref('TopicVerdict'),
};
const decision = objectOf<Decision>("The Judge's verdict.", decisionMembers, [
  'detectorVersion',
  'classifier',
]);

const topicVerdict = objectOf<TopicVerdict>(
  'What the external topic classifier said, when there is one and the policy wanted to know.',
  {
    outcome: oneOf(verdictOutcomes, 'ANSWERED, or what kept it from judging: the result is held then.'),
    model: text('The model that was asked.', 'topics-1'),
    categories: arrayOf(
      objectOf<CategoryScore>('A category that it was asked about.', {
        category: text('As the classifier names it.', 'politics'),
        topic: oneOf(topics, 'What it stands for.'),
        threshold: number('From which score on it counts.', 0.5),
        score: nullable(number('What it was given, 0 to 1; null when it did not judge.', 0.91)),
      }),
      'What it was asked about.',
    ),
    status: nullable(count('The HTTP status of an answer that is REFUSED.', 503)),
    latencyMs: count('How long the result waited for it, in milliseconds.', 120),
    breaker: nullable(oneOf(breakerStates, 'The circuit breaker, when the classifier was to be asked.')),
  },
);

const review = objectOf<ReviewWire>('One held result in front of a person.', {
  reviewId: uuid('The card.'),
  tenantId,
  taskId: uuid('The task.'),
  resultId: uuid('The result that is held.'),
  sessionId: nullable(uuid('The session.')),
  agentId,
  kind,
  reason: oneOf(reasonCodes, 'The gravest of the reasons.'),
  reasons: arrayOf(ref('Reason'), 'Everything that fired.'),
  details: text('The reasons in a sentence.', 'A JSON Web Token.'),
  status: oneOf(reviewStatuses, 'Where it stands.'),
  confidence,
  taskInput: anyJson('What the agent was to work on.', exampleInput),
  proposedOutput: anyJson('What is held.', exampleOutput),
  outputDigest: digest,
  editedOutput: anyJson('What was approved in its place; null when it was not edited.', null),
  policyVersion: version('The version of the policy that held it.'),
  assignee: nullable(text('On whose desk it is.')),
  operatorId: nullable(text('Who decided.')),
  comment: nullable(text('What they said.')),
  timestamp: time('When it was held.'),
  dueAt: time('When it expires undecided. Never an approval.'),
  resolutionAt: nullable(time('When it was closed.')),
  version: version('Goes up with every change; the ETag.'),
});

const revealedOutput = objectOf<RevealedWire>('What a card holds, unmasked.', {
  reviewId: uuid('The card.'),
  proposedOutput: anyJson('What is held.', exampleOutput),
  editedOutput: anyJson('What was approved in its place; null when it was not edited.', null),
  outputDigest: digest,
});

const agent = objectOf<AgentWire>('An external worker.', {
  agentId,
  name: nullable(text('For people.')),
  role: oneOf(agentRoles, 'PLANNER submits, WORKER works, JUDGE gives a second opinion.'),
  version: nullable(text("The agent's own version.")),
  capabilities: arrayOf(kind, 'The kinds of task that it takes.'),
  maxConcurrentTasks: integer('How many tasks it takes at once.', 1, { minimum: 1, maximum: 100 }),
  metadata: mapOf({}, "The agent's own notes."),
  status: oneOf(agentStatuses, 'OFFLINE is derived from silence.'),
  paused: boolean('An operator has paused it: it gets no work.'),
  lastSeen: time('Its last sign of life.'),
  metrics: anyJson('What it last told of itself.', { queueLength: 2 }),
  currentTaskIds: arrayOf(uuid('A task.'), 'What it has in hand.'),
  registeredAt: time('When it first registered.'),
});

const auditEvent = objectOf<AuditEventWire>("One link of the tenant's audit record.", {
  sequence: integer('1, 2, 3 … without gaps.', 17, { minimum: 1 }),
  eventId: uuid('The event.'),
  tenantId,
  type: oneOf(auditTypes, 'What happened.'),
  at: time('When.'),
  actor: objectOf<Actor>('Who did it.', {
    type: oneOf([...roles, 'SYSTEM'], 'In which role.'),
    id: text('Who.'),
  }),
  taskId: nullable(uuid('The task.')),
  reviewId: nullable(uuid('The card.')),
  agentId: nullable(agentId),
  sessionId: nullable(uuid('The session.')),
  traceId: nullable(traceId),
  payload: mapOf({}, 'More about it. Never an output.'),
  previousHash: hash('The hash of the event before; 64 zeros for the first.'),
  hash: hash('Hex SHA-256 of the RFC 8785 form of the other members.'),
});

const feedEvent = objectOf<FeedEventWire>(
  'What happened, as the event feed tells it: the `data` of a message.',
  {
    id: text('Resumes the feed when it is sent as `Last-Event-ID`.', '17', { pattern: '^[0-9]+$' }),
    type: oneOf(feedTypes, 'What happened.'),
    at: time('When.'),
    tenantId,
    taskId: uuid('The task.'),
    sessionId: uuid('The session.'),
    reviewId: uuid('The card.'),
    agentId,
    data: mapOf({}, 'More about it. Never an output.'),
  },
  ['taskId', 'sessionId', 'reviewId', 'agentId'],
);

const keyId = text(
  'The key that signed: its RFC 7638 thumbprint.',
  'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  {
    pattern: '^[A-Za-z0-9_-]{43}$',
  },
);
const signature = text('Ed25519 over the RFC 8785 form of the other members, in base64url.', 'A'.repeat(86), {
  pattern: '^[A-Za-z0-9_-]{86}$',
});
const namedDigest = (description: string) =>
  text(description, `sha256:${'ab'.repeat(32)}`, { pattern: '^sha256:[0-9a-f]{64}$' });

const checkpoint = objectOf<SignedCheckpoint>('A signed word about the end of the audit record.', {
  format: oneOf([checkpointFormat], 'What was signed.'),
  tenantId,
  sequence: integer('Of the last event that it covers: how many there were.', 1_000, { minimum: 1 }),
  hash: hash('The hash of that event.'),
  previousDigest: namedDigest(
    '`sha256:` and the digest of the RFC 8785 form of the checkpoint before, signature included; zeros for the first.',
  ),
  at: time('When.'),
  keyId,
  signature,
});

const receipt = objectOf<SignedReceipt>('A signed word about an approval.', {
  format: oneOf([receiptFormat], 'What was signed.'),
  tenantId,
  reviewId: uuid('The card.'),
  taskId: uuid('The task.'),
  resultId: uuid('The result that the card held.'),
  outputDigest: digest,
  edited: boolean("It was the operator's own words that were approved."),
  policyVersion: version('The version of the policy that held the result.'),
  cardDigest: namedDigest('Digest of the card as the operator was shown it.'),
  operatorId: text('Who approved.'),
  decidedAt: time('When.'),
  sequence: integer('Where the decision is on the audit record.', 17, { minimum: 1 }),
  hash: hash('The hash of the audit event there.'),
  keyId,
  signature,
});

const publicKey = objectOf<PublicJwk>('An Ed25519 public key (RFC 8037).', {
  kty: oneOf(['OKP'], 'An octet key pair.'),
  crv: oneOf(['Ed25519'], 'Its curve.'),
  x: text('The 32 bytes of the key in base64url.', '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'),
  kid: keyId,
  alg: oneOf(['EdDSA'], 'What it signs with.'),
  use: oneOf(['sig'], 'What it is for.'),
});

const counts = (names: readonly string[], description: string) =>
  objectOf<Record<string, number>>(
    description,
    Object.fromEntries(names.map((name) => [name, count(`${name}.`)])),
  );

const problem: Schema = {
  type: 'object',
  description: 'RFC 9457 problem details.',
  properties: {
    type: text('Identifies the problem.', 'urn:chimera:problem:lease-lost', {
      pattern: '^urn:chimera:problem:[a-z-]+$',
    }),
    title: text('The problem in a few words.'),
    status: integer('The HTTP status.', 409, { minimum: 400, maximum: 599 }),
    detail: text('What was wrong, where, and what to do.'),
    instance: text('The path of the request.'),
    code: oneOf(errorCodes, 'A stable code.'),
    errors: arrayOf(
      objectOf<{ pointer: string; message: string }>('A fault.', {
        pointer: text('Where.', '/confidence'),
        message: text('What.'),
      }),
      'Each fault of the input.',
    ),
    review: ref('ReviewCard'),
    reasons: arrayOf(ref('Reason'), 'What the gate finds in an edit.'),
    assignee: text('On whose desk the card is.'),
    taskStatus: oneOf(taskStatuses, 'Where the task stands.'),
  },
  required: ['type', 'title', 'status', 'detail', 'instance', 'code'],
  additionalProperties: false,
};

const session = objectOf<SessionWire>('A run that groups tasks.', {
  sessionId: uuid('The session.'),
  tenantId,
  requestedBy: nullable(text('Who asked for it.')),
  state: oneOf(sessionStates, 'Where it stands.'),
  createdAt: time('When it was made.'),
  updatedAt: time('When it last changed.'),
});

const apiKeyMembers = {
  keyId: uuid('The key.'),
  tenantId,
  name: text('For people.'),
  role: oneOf(tenantRoles, 'What it may do.'),
  createdAt: time('When it was made.'),
  expiresAt: nullable(time('When it ends by itself.')),
  revokedAt: nullable(time('When it was revoked.')),
  holderId: uuid(
    'Who calls with it, as `operatorId` and the audit record say: the first key in whose place it is.',
  ),
  lastUsedAt: nullable(time('When it was last used, to the minute.')),
};

/** Every shape that the API answers, by name. */
export const components: Readonly<Record<string, Schema>> = {
  Json: anyJson('What you like.', exampleOutput),
  Problem: problem,
  Tenant: objectOf<Tenant>('The isolation boundary.', {
    tenantId,
    name: nullable(text('For people.')),
    createdAt: time('When it was made.'),
  }),
  ApiKey: objectOf<ApiKeyWire>('A key, without the key itself.', apiKeyMembers),
  NewApiKey: objectOf<NewApiKeyWire>('A new key. `key` is shown this once.', {
    ...apiKeyMembers,
    key: text('The key itself.'),
  }),
  Session: session,
  Agent: agent,
  Heartbeat: objectOf<HeartbeatWire>('What a heartbeat is answered.', {
    status: oneOf(agentStatuses, 'As the registry has it.'),
    lastSeen: time('This sign of life.'),
    heartbeatIntervalMs: integer('Send the next one within this time.', 5000, { minimum: 1 }),
    paused: boolean('Paused by an operator: no work will come.'),
    leases: arrayOf(
      objectOf<{ taskId: string; leaseExpiresAt: Date }>('A lease.', {
        taskId: uuid('The task.'),
        leaseExpiresAt: time('When it ends.'),
      }),
      'What the agent has in hand.',
    ),
    cancelledTaskIds: arrayOf(uuid('A task.'), 'Tasks to drop: they were cancelled.'),
  }),
  Assignment: objectOf<AssignmentWire>(
    "Work in an agent's hands.",
    {
      task: ref('Task'),
      attempt: version('The fencing token.'),
      stage: oneOf(stages, 'PROPOSE or EXECUTE.'),
      leaseToken: text('Send it with the result.', '4b1f3f0e-6f0a-4c5e-9d8a-2b7c1d0e9f31'),
      leaseExpiresAt: time('When the lease ends unless it is renewed.'),
      feedback: objectOf<{ decision: unknown }>('Why the last attempt was sent back.', {
        decision: ref('Decision'),
      }),
      approval: ref('Approval'),
    },
    ['feedback', 'approval'],
  ),
  Assignments: objectOf<{ items: unknown }>('What was claimed.', {
    items: arrayOf(ref('Assignment'), 'Empty when nothing came.'),
  }),
  Task: task,
  TaskReceipt: objectOf<TaskReceipt>('A task that was accepted.', {
    taskId: uuid('The task.'),
    status: oneOf(taskStatuses, 'Where it stands.'),
    traceId,
  }),
  TaskReceipts: objectOf<{ items: unknown }>('Tasks that were accepted.', {
    items: arrayOf(ref('TaskReceipt'), 'In the order given.'),
  }),
  TaskError: taskError,
  Approval: approval,
  Reason: reason,
  Decision: decision,
  TopicVerdict: topicVerdict,
  FinalResult: objectOf<FinalResult>(
    'How a task ended.',
    {
      taskId: uuid('The task.'),
      resultId: nullable(uuid('The result.')),
      status: oneOf(['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'BLOCKED', 'REJECTED', 'CANCELLED'], 'How.'),
      output: anyJson('What was released; null when nothing was.', exampleOutput),
      confidence,
      decision: nullable(ref('Decision')),
      approval: ref('Approval'),
      producedBy: nullable(agentId),
      completedAt: nullable(time('When.')),
    },
    ['approval'],
  ),
  ResultReceipt: objectOf<ResultReceipt>(
    'What became of a result.',
    {
      taskId: uuid('The task.'),
      resultId: uuid('The result.'),
      taskStatus: oneOf(taskStatuses, 'Where the task stands now.'),
      decision: ref('Decision'),
      reviewId: uuid('The card that holds it, or that it carried out.'),
    },
    ['decision', 'reviewId'],
  ),
  Lease: objectOf<{ leaseExpiresAt: Date }>('A lease.', { leaseExpiresAt: time('When it ends.') }),
  ReviewCard: review,
  RevealedOutput: revealedOutput,
  ...policyComponents,
  ...policyTrialComponents(decisionMembers),
  AuditEvent: auditEvent,
  Checkpoint: checkpoint,
  ApprovalReceipt: receipt,
  AuditKeys: objectOf<{ keys: unknown }>('A JWK Set (RFC 7517).', {
    keys: arrayOf(publicKey, 'The key in use, then those that were in use before.'),
  }),
  Event: feedEvent,
  ChainReport: objectOf<ChainReport>(
    'What a check of the chain found.',
    {
      valid: boolean('Every link fits.'),
      checkedEvents: count('How many were checked.', 17),
      lastSequence: count('The last that fits.', 17),
      lastHash: hash('Its hash.'),
      firstInvalidSequence: integer('The first that does not fit.', 18, { minimum: 1 }),
    },
    ['firstInvalidSequence'],
  ),
  Stats: objectOf<{ agents: unknown; tasks: unknown; queue: unknown; reviews: unknown; brake: unknown }>(
    'The numbers of a tenant.',
    {
      agents: counts([...agentStatuses, 'paused'], 'Agents by status.'),
      tasks: counts(taskStatuses, 'Tasks by status.'),
      queue: objectOf<{ ready: number; oldestReadyMs: number | null }>('What waits to be claimed.', {
        ready: count('How many.'),
        oldestReadyMs: nullable(count('How long the oldest has waited, in milliseconds.', 40)),
      }),
      reviews: objectOf<{ pending: number; oldestPendingMs: number | null }>('What waits for a person.', {
        pending: count('How many.'),
        oldestPendingMs: nullable(count('How long the oldest has waited, in milliseconds.', 90_000)),
      }),
      brake: nullable(
        objectOf<BrakeView>(
          'So many agents fell silent at once that none of them loses its leases for now; null while all is well.',
          {
            engagedAt: time('Since when.'),
            releasesAt: time('When those that are still silent lose them.'),
            silent: count('How many were silent when it began.', 300),
            expected: count('Of how many.', 1_000),
          },
        ),
      ),
    },
  ),
  Readiness: objectOf<ReadinessReport>('Whether the service can do its whole job.', {
    ready: boolean('It can.'),
    parts: objectOf<ReadinessReport['parts']>('What it needs.', {
      database: oneOf(['up', 'down'], 'PostgreSQL.'),
      registry: oneOf(['up', 'down'], 'Redis, or PostgreSQL in its place.'),
    }),
  }),
  Liveness: objectOf<{ live: boolean }>('The process runs.', { live: boolean('Always true.') }),
  ApiKeyPage: pageOf('ApiKey'),
  AgentPage: pageOf('Agent'),
  TaskPage: pageOf('Task'),
  ReviewPage: pageOf('ReviewCard'),
  PolicyPage: pageOf('Policy'),
  AuditPage: pageOf('AuditEvent'),
  CheckpointPage: pageOf('Checkpoint'),
};
