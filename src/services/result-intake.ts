import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import type { Caller } from '../models/access.js';
import { type Decision, gravestCode, heldAsMismatch, type Reason } from '../models/decision.js';
import { digestOf } from '../models/digest.js';
import { DomainError, validationFailed } from '../models/errors.js';
import type { JsonValue } from '../models/json.js';
import { policyFor } from '../models/policy.js';
import type { Result, SubmissionStatus } from '../models/result.js';
import { approvalOf, type ReviewCard } from '../models/review.js';
import { verdictPayload } from '../models/topic-verdict.js';
import {
  backoffMs,
  failAttempt,
  finishTask,
  holdTask,
  isReady,
  type Task,
  type TaskError,
} from '../models/task.js';
import { LedgerPort, type LedgerView } from '../ports/ledger.js';
import { RecordsPort } from '../ports/records.js';
import { ReviewDeadlines } from './review-deadlines.js';
import { agentActor } from './actor.js';
import { CardOrigins } from './card-origins.js';
import { Dispatcher } from './dispatcher.js';
import { Judge } from './judge.js';
import { heldTask, leaseLost, taskNotFound } from './refusals.js';
import { requeuedEntry, taskEntry } from './task-entries.js';

/** What an agent hands in. */
export interface ResultSubmission {
  readonly agentId: string;
  readonly leaseToken: string;
  readonly status: SubmissionStatus;
  readonly output?: JsonValue | undefined;
  readonly confidence?: number | undefined;
  readonly error?: TaskError | undefined;
  readonly outputDigest?: string | undefined;
}

/** What became of it. */
export interface ResultReceipt {
  readonly taskId: string;
  readonly resultId: string;
  readonly taskStatus: Task['status'];
  readonly decision?: Decision;
  readonly reviewId?: string;
}

/** A submission that the Judge has looked at, when it had to. */
interface Judged {
  readonly decision: Decision;
  readonly deadlineMs: number;
}

interface Settled {
  readonly result: Result;
  readonly task?: Task;
  readonly card?: ReviewCard;
  readonly now: Date;
}

const unexplained: TaskError = {
  code: 'AGENT_FAILED',
  message: 'The agent reported a failure.',
  retryable: true,
};

/** Takes results in, has them judged, and moves their tasks on. */
@Injectable()
export class ResultIntake {
  constructor(
    private readonly ledger: LedgerPort,
    private readonly records: RecordsPort,
    private readonly judge: Judge,
    private readonly dispatcher: Dispatcher,
    private readonly deadlines: ReviewDeadlines,
    private readonly origins: CardOrigins,
  ) {}

  /**
   * The same submission again has the same answer.
   *
   * @throws DomainError `TASK_NOT_FOUND`; `LEASE_LOST`; `VALIDATION_FAILED` for a proposal without a confidence;
   * `DIGEST_MISMATCH` for a proposal whose digest is not its output's.
   */
  async submit(
    caller: Caller,
    tenantId: string,
    taskId: string,
    submission: ResultSubmission,
  ): Promise<ResultReceipt> {
    const task = await this.records.task(tenantId, taskId);
    if (!task) throw taskNotFound(taskId);
    const judged = await this.judgeIfNeeded(task, submission);
    const submissionDigest = digestOf(submission);
    const settled = await this.ledger.transact<Settled>({
      tenantId,
      needs: { tasks: [taskId], leaseTokens: [submission.leaseToken] },
      decide: (view) => {
        const earlier = view.get('result', submission.leaseToken);
        if (earlier) {
          if (earlier.taskId !== taskId || earlier.submissionDigest !== submissionDigest)
            throw leaseLost(taskId);
          return { result: earlier, now: view.now };
        }
        const held = heldTask(view, taskId, submission);
        return settle(view, caller, held, submission, submissionDigest, judged);
      },
    });
    if (settled.task) await this.dispatcher.dispatch([settled.task], settled.now);
    if (settled.card) {
      this.origins.note(settled.card);
      await this.deadlines.schedule(settled.card);
    }
    return receiptOf(settled.result);
  }

  /** The Judge is asked before the transaction, so that no other result waits for the detectors or an external classifier. */
  private async judgeIfNeeded(task: Task, submission: ResultSubmission): Promise<Judged | undefined> {
    if (task.leaseToken !== submission.leaseToken || submission.status === 'FAILED') return undefined;
    const { output = null, confidence } = submission;
    if (task.stage === 'EXECUTE' && (await this.carriesOut(task, submission))) return undefined;
    if (
      task.stage === 'PROPOSE' &&
      submission.outputDigest !== undefined &&
      submission.outputDigest !== digestOf(output)
    ) {
      throw new DomainError(
        'DIGEST_MISMATCH',
        `outputDigest is not that of the output, which is ${digestOf(output)}.`,
      );
    }
    if (confidence === undefined) {
      throw validationFailed([
        { pointer: '/confidence', message: 'a proposal needs a confidence, a number from 0 to 1' },
      ]);
    }
    const policy = await this.records.policy(task.tenantId);
    if (!policy) throw new Error(`Tenant ${task.tenantId} has no policy.`);
    const decision = await this.judge.decide({ output, confidence, kind: task.kind, policy });
    return { decision, deadlineMs: policyFor(policy, task.kind).reviewDeadlineMs };
  }

  private async carriesOut(task: Task, submission: ResultSubmission): Promise<boolean> {
    const card = task.reviewId === null ? undefined : await this.records.review(task.tenantId, task.reviewId);
    return carriedDigest(submission) === approvalOf(card)?.outputDigest;
  }
}

/** The digest that a submission carries: that of its output when there is one, whatever it says. */
function carriedDigest({ output, outputDigest }: ResultSubmission): string | undefined {
  return output === undefined ? outputDigest : digestOf(output);
}

function settle(
  view: LedgerView,
  caller: Caller,
  held: Task,
  submission: ResultSubmission,
  submissionDigest: string,
  judged: Judged | undefined,
): Settled {
  const draft = draftOf(held, submission, submissionDigest, view.now);
  if (submission.status === 'FAILED') return keep(view, failed(held, submission, draft, view.now));
  const approval =
    held.stage === 'EXECUTE' && held.reviewId ? approvalOf(view.get('review', held.reviewId)) : undefined;
  if (approval && carriedDigest(submission) === approval.outputDigest) {
    const task = finishTask(held, 'SUCCEEDED', view.now, { resultId: draft.resultId, error: null });
    const { output, outputDigest } = approval;
    return keep(view, {
      task,
      result: { ...draft, output, outputDigest, taskStatus: task.status, reviewId: held.reviewId },
    });
  }
  if (!judged) throw new Error(`The result of task ${held.taskId} was not judged.`);
  return keep(view, proposed(caller, held, draft, judged, view.now));
}

function draftOf(held: Task, submission: ResultSubmission, submissionDigest: string, now: Date): Result {
  const { agentId, leaseToken, status, output = null, confidence } = submission;
  return {
    resultId: uuidv7(),
    tenantId: held.tenantId,
    taskId: held.taskId,
    attempt: held.attempt,
    stage: held.stage,
    agentId,
    leaseToken,
    status,
    output,
    outputDigest: status === 'SUCCEEDED' ? digestOf(output) : null,
    confidence: confidence ?? null,
    error: null,
    decision: null,
    submissionDigest,
    taskStatus: held.status,
    reviewId: null,
    createdAt: now,
  };
}

interface Move {
  readonly task: Task;
  readonly result: Result;
  readonly card?: ReviewCard;
}

function failed(held: Task, { error = unexplained }: ResultSubmission, draft: Result, now: Date): Move {
  const delayMs = backoffMs(held.attemptsUsed + 1);
  const task = failAttempt(held, now, { error, final: 'FAILED', delayMs });
  return { task, result: { ...draft, error, output: null, confidence: null, taskStatus: task.status } };
}

function proposed(
  caller: Caller,
  held: Task,
  draft: Result,
  { decision: verdict, deadlineMs }: Judged,
  now: Date,
): Move {
  const decision = held.stage === 'EXECUTE' ? heldAsMismatch(verdict) : verdict;
  const result = { ...draft, decision };
  const { resultId } = draft;
  switch (decision.outcome) {
    case 'APPROVE': {
      const task = finishTask(held, 'SUCCEEDED', now, { resultId, error: null });
      return { task, result: { ...result, taskStatus: task.status } };
    }
    case 'DENY': {
      const error = {
        code: 'BLOCKED_BY_GATE',
        message: 'The policy does not allow this output.',
        retryable: false,
      };
      const task = finishTask(held, 'BLOCKED', now, { resultId, error });
      return { task, result: { ...result, taskStatus: task.status } };
    }
    case 'RETRY': {
      const task = failAttempt(held, now, {
        error: {
          code: 'REJECTED_BY_GATE',
          message: 'The confidence is too low to be held for a person.',
          retryable: true,
        },
        final: 'FAILED',
        feedback: {
          decision: {
            outcome: decision.outcome,
            policyVersion: decision.policyVersion,
            reasons: decision.reasons.map(plain),
          },
        },
      });
      return { task, result: { ...result, taskStatus: task.status } };
    }
    case 'HITL': {
      const card = { ...cardOf(held, result, decision, deadlineMs, now), proposedBy: caller.id };
      const task = holdTask(held, card.reviewId, now);
      return { task, card, result: { ...result, taskStatus: task.status, reviewId: card.reviewId } };
    }
  }
}

function plain(reason: Reason) {
  return { ...reason };
}

function cardOf(
  held: Task,
  result: Result,
  decision: Decision,
  deadlineMs: number,
  now: Date,
): Omit<ReviewCard, 'proposedBy'> {
  const { reasons, policyVersion } = decision;
  return {
    reviewId: uuidv7(),
    tenantId: held.tenantId,
    taskId: held.taskId,
    resultId: result.resultId,
    sessionId: held.sessionId,
    agentId: result.agentId,
    kind: held.kind,
    reason: gravestCode(reasons) ?? 'GATE_ERROR',
    reasons,
    details: detailsOf(reasons),
    status: 'PENDING',
    confidence: result.confidence,
    rank: 100 - held.priority,
    taskInput: held.input,
    proposedOutput: result.output,
    outputDigest: result.outputDigest ?? digestOf(result.output),
    editedOutput: null,
    edited: false,
    policyVersion,
    assignee: null,
    assignedUntil: null,
    operatorId: null,
    comment: null,
    timestamp: now,
    dueAt: new Date(now.getTime() + deadlineMs),
    resolutionAt: null,
    version: 1,
  };
}

function detailsOf(reasons: readonly Reason[]): string {
  const shown = reasons.slice(0, 3).map(({ detail }) => detail);
  return reasons.length > shown.length
    ? `${shown.join(' ')} And ${reasons.length - shown.length} more.`
    : shown.join(' ');
}

/** Puts all of it into the ledger, with what the audit record says of it. Never an output: its digest stands for it. */
function keep(view: LedgerView, { task, result, card }: Move): Settled {
  view.put('result', result);
  view.put('task', task);
  const actor = agentActor(result.agentId);
  const { decision } = result;
  const payload = {
    resultId: result.resultId,
    outputDigest: result.outputDigest,
    confidence: result.confidence,
    ...(decision && {
      outcome: decision.outcome,
      policyVersion: decision.policyVersion,
      reasons: [...new Set(decision.reasons.map(({ detector }) => detector))],
      ...(decision.classifier && { classifier: verdictPayload(decision.classifier) }),
    }),
  };
  if (isReady(task)) {
    const entry = requeuedEntry(task, actor, task.error?.code ?? 'RETRY', result.agentId);
    view.record({ ...entry, payload: { ...entry.payload, ...payload } });
  } else view.record(taskEntry(task, actor, payload));
  if (!card) return { result, task, now: view.now };
  view.put('review', card);
  view.record({
    type: 'review.created',
    actor: { type: 'SYSTEM', id: 'judge' },
    taskId: task.taskId,
    reviewId: card.reviewId,
    agentId: card.agentId,
    sessionId: card.sessionId,
    traceId: task.traceId,
    payload: { reason: card.reason, outputDigest: card.outputDigest, dueAt: card.dueAt.toISOString() },
  });
  return { result, task, card, now: view.now };
}

function receiptOf({ taskId, resultId, taskStatus, decision, reviewId }: Result): ResultReceipt {
  return {
    taskId,
    resultId,
    taskStatus,
    ...(decision && { decision }),
    ...(reviewId !== null && { reviewId }),
  };
}
