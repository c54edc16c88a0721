import { Injectable } from '@nestjs/common';
import type { Caller } from '../models/access.js';
import { DomainError } from '../models/errors.js';
import type { ReviewFilter } from '../models/filters.js';
import type { Page, PageRequest } from '../models/page.js';
import { cardDigestOf, type ApprovalReceipt } from '../models/receipt.js';
import { type Approval, approvalOf, assigneeAt, decideCard, type ReviewCard } from '../models/review.js';
import { verdictPayload } from '../models/topic-verdict.js';
import { approveTask, finishTask, type Task } from '../models/task.js';
import { LedgerPort, type LedgerView, type Work } from '../ports/ledger.js';
import { RecordsPort } from '../ports/records.js';
import { actorOf } from './actor.js';
import { AuditSigner } from './audit-signer.js';
import { CardOrigins } from './card-origins.js';
import { Dispatcher } from './dispatcher.js';
import type { JudgedEdit } from './judge.js';
import { reviewNotFound } from './refusals.js';
import { ReviewDeadlines } from './review-deadlines.js';
import { type Edit, refuseOwnProposal, ReviewEdits, type Verdict } from './review-edits.js';
import { taskEntry } from './task-entries.js';

const defaultAssignmentMs = 15 * 60 * 1000;

/** Where operators decide cards. */
@Injectable()
export class ReviewDesk {
  constructor(
    private readonly ledger: LedgerPort,
    private readonly records: RecordsPort,
    private readonly edits: ReviewEdits,
    private readonly dispatcher: Dispatcher,
    private readonly signer: AuditSigner,
    private readonly origins: CardOrigins,
    private readonly deadlines: ReviewDeadlines,
  ) {}

  async list(
    tenantId: string,
    filter: ReviewFilter,
    sort: 'age' | 'priority',
    page: PageRequest,
  ): Promise<Page<ReviewCard>> {
    const cards = await this.records.reviews(tenantId, filter, sort, page);
    for (const card of cards.items) this.origins.note(card);
    return cards;
  }

  /** @throws DomainError `REVIEW_NOT_FOUND` */
  async get(tenantId: string, reviewId: string): Promise<ReviewCard> {
    const card = await this.records.review(tenantId, reviewId);
    if (!card) throw reviewNotFound(reviewId);
    return card;
  }

  /**
   * The receipt of the card's approval.
   *
   * @throws DomainError `REVIEW_NOT_FOUND`; `RECEIPT_NOT_FOUND` for a card that is not approved, or was before there were receipts
   */
  async receipt(tenantId: string, reviewId: string): Promise<ApprovalReceipt> {
    const receipt = await this.records.find('receipt', tenantId, reviewId);
    if (receipt) return receipt;
    const { status } = await this.get(tenantId, reviewId);
    throw new DomainError('RECEIPT_NOT_FOUND', `Card ${reviewId} is ${status} and has no receipt.`);
  }

  /**
   * The card with all that it holds, and on the audit record that the caller has seen it, and why.
   *
   * @throws DomainError `REVIEW_NOT_FOUND`
   */
  reveal(caller: Caller, tenantId: string, reviewId: string, reason: string): Promise<ReviewCard> {
    return this.ledger.transact({
      tenantId,
      needs: { reviews: [reviewId] },
      decide: (view) => {
        const card = view.get('review', reviewId);
        if (!card) throw reviewNotFound(reviewId);
        view.record({
          type: 'review.revealed',
          actor: actorOf(caller),
          ...subjectOf(card),
          payload: { reason },
        });
        return card;
      },
    });
  }

  /**
   * Decides the card, once. Nobody approves what came with their own credential. The same operator's same decision again is
   * answered with the card as it is.
   *
   * @throws DomainError `REVIEW_NOT_FOUND`; `OWN_PROPOSAL`; `REVIEW_ALREADY_DECIDED` with the card under `review`;
   * `PRECONDITION_FAILED` when the card is no longer the version that was looked at; `EDIT_NEEDS_CONFIRMATION` with the
   * reasons when the gate finds something in the edit that was not in the proposal, and `EDIT_DENIED` when the policy
   * denies it.
   */
  async decide(caller: Caller, tenantId: string, reviewId: string, verdict: Verdict): Promise<ReviewCard> {
    const { edit, judged } = await this.edits.read(caller, tenantId, reviewId, verdict);
    const { taskId, kind } = await this.origins.of(tenantId, reviewId);
    const work: Work<Decided> = {
      tenantId,
      needs: { reviews: [reviewId], tasks: [taskId] },
      decide: (view) => {
        const current = view.get('review', reviewId);
        const held = view.get('task', taskId);
        if (!current || !held) throw reviewNotFound(reviewId);
        if (current.status !== 'PENDING')
          return { card: repeated(current, caller, verdict, edit?.outputDigest) };
        refuseOwnProposal(caller, current, verdict);
        if (verdict.ifVersion !== undefined && verdict.ifVersion !== current.version) throw stale(current);
        return settle(view, this.signer, caller, current, held, verdict, edit, judged);
      },
    };
    const { card, task } = await this.dispatcher.transact(work, kind, (decided) => decided.task);
    if (task) await this.deadlines.cancel(card);
    return card;
  }

  /**
   * Puts the card on the caller's desk for a while, so that nobody else begins on it.
   *
   * @throws DomainError `REVIEW_NOT_FOUND`, `REVIEW_ASSIGNED`, `REVIEW_ALREADY_DECIDED`
   */
  assign(
    caller: Caller,
    tenantId: string,
    reviewId: string,
    ttlMs = defaultAssignmentMs,
  ): Promise<ReviewCard> {
    return this.change(caller, tenantId, reviewId, (card, now) => ({
      type: 'review.assigned',
      card: { ...card, assignee: caller.id, assignedUntil: new Date(now.getTime() + ttlMs) },
    }));
  }

  /**
   * Takes the card off the caller's desk.
   *
   * @throws DomainError `REVIEW_NOT_FOUND`, `REVIEW_ASSIGNED`, `REVIEW_ALREADY_DECIDED`
   */
  unassign(caller: Caller, tenantId: string, reviewId: string): Promise<ReviewCard> {
    return this.change(caller, tenantId, reviewId, (card) => ({
      type: 'review.unassigned',
      card: { ...card, assignee: null, assignedUntil: null },
    }));
  }

  private change(
    caller: Caller,
    tenantId: string,
    reviewId: string,
    next: (
      card: ReviewCard,
      now: Date,
    ) => { type: 'review.assigned' | 'review.unassigned'; card: ReviewCard },
  ): Promise<ReviewCard> {
    return this.ledger.transact({
      tenantId,
      needs: { reviews: [reviewId] },
      decide: (view) => {
        const current = view.get('review', reviewId);
        if (!current) throw reviewNotFound(reviewId);
        if (current.status !== 'PENDING') throw alreadyDecided(current);
        const assignee = assigneeAt(current, view.now);
        if (assignee !== null && assignee !== caller.id) throw assigned(current, assignee);
        const { type, card } = next(current, view.now);
        if (type === 'review.unassigned' && assignee === null) return current;
        const changed = { ...card, version: current.version + 1 };
        view.put('review', changed);
        view.record({ type, actor: actorOf(caller), ...subjectOf(card) });
        return changed;
      },
    });
  }
}

interface Decided {
  readonly card: ReviewCard;
  /** The task that moved on; none when the decision was a repetition. */
  readonly task?: Task;
}

function repeated(
  card: ReviewCard,
  caller: Caller,
  verdict: Verdict,
  editDigest: string | undefined,
): ReviewCard {
  const same =
    card.operatorId === caller.id &&
    card.status === verdict.status &&
    card.comment === (verdict.comment ?? null) &&
    (editDigest === undefined ? !card.edited : card.outputDigest === editDigest);
  if (same) return card;
  throw alreadyDecided(card);
}

function settle(
  view: LedgerView,
  signer: AuditSigner,
  caller: Caller,
  pending: ReviewCard,
  held: Task,
  { status, comment }: Verdict,
  edit: Edit | undefined,
  judged: JudgedEdit | undefined,
): { card: ReviewCard; task: Task } {
  const said = { status, operatorId: caller.id, comment: comment ?? null };
  const card = decideCard(pending, edit ? { ...said, edit } : said, view.now);
  const task = status === 'APPROVED' ? approved(held, card, view.now) : rejected(held, card, view.now);
  view.put('review', card);
  view.put('task', task);
  const cardDigest = cardDigestOf(pending);
  const position = view.record({
    type: 'review.decided',
    actor: actorOf(caller),
    ...subjectOf(card),
    traceId: task.traceId,
    payload: {
      status,
      comment: card.comment,
      outputDigest: card.outputDigest,
      edited: card.edited,
      policyVersion: card.policyVersion,
      cardDigest,
      ...(judged &&
        judged.added.length > 0 && {
          confirmedReasons: [...new Set(judged.added.map(({ detector }) => detector))],
        }),
      ...(judged?.classifier && { classifier: verdictPayload(judged.classifier) }),
    },
  });
  view.record(taskEntry(task, actorOf(caller), { outputDigest: card.outputDigest }));
  const approval = approvalOf(card);
  if (approval) view.put('receipt', signer.receipt({ ...factsOf(card, approval), cardDigest, ...position }));
  return { card, task };
}

function factsOf(card: ReviewCard, { operatorId, decidedAt, outputDigest }: Approval) {
  const { tenantId, reviewId, taskId, resultId, edited, policyVersion } = card;
  return {
    tenantId,
    reviewId,
    taskId,
    resultId,
    edited,
    policyVersion,
    operatorId,
    decidedAt,
    outputDigest,
  };
}

function approved(held: Task, card: ReviewCard, now: Date): Task {
  if (!approvalOf(card)) throw new Error(`Card ${card.reviewId} is not approved.`);
  return held.onApproval === 'COMPLETE'
    ? finishTask(held, 'SUCCEEDED', now, { resultId: card.resultId })
    : approveTask(held, now);
}

function rejected(held: Task, card: ReviewCard, now: Date): Task {
  const error = {
    code: 'REJECTED_BY_REVIEW',
    message: 'Rejected by Review',
    retryable: false,
    comment: card.comment,
  };
  return finishTask(held, 'REJECTED', now, { error, resultId: card.resultId });
}

function subjectOf({ reviewId, taskId, agentId, sessionId }: ReviewCard) {
  return { reviewId, taskId, agentId, sessionId };
}

function alreadyDecided(card: ReviewCard): DomainError {
  const by = card.operatorId === null ? 'was closed' : `was decided by ${card.operatorId}`;
  return new DomainError('REVIEW_ALREADY_DECIDED', `Card ${card.reviewId} ${by}: ${card.status}.`, {
    review: card,
  });
}

function assigned(card: ReviewCard, assignee: string): DomainError {
  return new DomainError('REVIEW_ASSIGNED', `Card ${card.reviewId} is on the desk of ${assignee}.`, {
    assignee,
  });
}

function stale(card: ReviewCard): DomainError {
  return new DomainError(
    'PRECONDITION_FAILED',
    `Card ${card.reviewId} has changed since you looked at it: it is at version ${card.version}. Look again.`,
  );
}
