import { Injectable } from '@nestjs/common';
import type { Caller } from '../models/access.js';
import { canonicalJson, digestOf } from '../models/digest.js';
import { DomainError } from '../models/errors.js';
import type { JsonValue } from '../models/json.js';
import type { ReviewCard } from '../models/review.js';
import { RecordsPort } from '../ports/records.js';
import { Judge, type JudgedEdit } from './judge.js';
import { reviewNotFound } from './refusals.js';

/** What an operator says about a card. */
export interface Verdict {
  readonly status: 'APPROVED' | 'REJECTED';
  readonly comment?: string | undefined;
  /** Approved in place of what was proposed. */
  readonly editedOutput?: JsonValue | undefined;
  /** The operator has seen what the gate finds in the edit, and means it. */
  readonly confirmReasons?: boolean | undefined;
  /** The version of the card that the operator was looking at. */
  readonly ifVersion?: number | undefined;
}

/** What an operator approves in place of the proposal. */
export interface Edit {
  readonly output: JsonValue;
  readonly outputDigest: string;
}

/** Neither for a verdict without an edit, or with one that says the same as the proposal. */
interface ReadEdit {
  readonly edit?: Edit | undefined;
  readonly judged?: JudgedEdit | undefined;
}

/** What operators change in what was proposed: it passes the gate as well. */
@Injectable()
export class ReviewEdits {
  constructor(
    private readonly records: RecordsPort,
    private readonly judge: Judge,
  ) {}

  /**
   * What is to be approved in place of the proposal, if anything, and what the gate says of it.
   *
   * @throws DomainError `REVIEW_NOT_FOUND`; `OWN_PROPOSAL`; `EDIT_NEEDS_CONFIRMATION`; `EDIT_DENIED`
   */
  async read(caller: Caller, tenantId: string, reviewId: string, verdict: Verdict): Promise<ReadEdit> {
    if (verdict.status !== 'APPROVED' || verdict.editedOutput === undefined) return {};
    const seen = await this.records.review(tenantId, reviewId);
    if (!seen) throw reviewNotFound(reviewId);
    const edit = editOf(seen, verdict.editedOutput);
    if (seen.status !== 'PENDING') return { edit };
    // Before the gate is asked, which may send an edit out. Who proposed what a card shows never changes.
    refuseOwnProposal(caller, seen, verdict);
    return { edit, judged: edit && (await this.gate(tenantId, seen, edit.output, verdict)) };
  }

  /** What the gate finds in an edit and did not find in the proposal. Passes only with the operator's confirmation. */
  private async gate(
    tenantId: string,
    card: ReviewCard,
    edited: JsonValue,
    verdict: Verdict,
  ): Promise<JudgedEdit> {
    const policy = await this.records.policy(tenantId);
    if (!policy) throw new Error(`Tenant ${tenantId} has no policy.`);
    const judged = await this.judge.judgeEdit(card.proposedOutput, edited, policy, card.kind);
    const { added: reasons } = judged;
    if (judged.denied) {
      throw new DomainError(
        'EDIT_DENIED',
        'The policy denies what the edit adds, and nobody can confirm that. Take it out, or reject the card.',
        { reasons },
      );
    }
    if (reasons.length > 0 && verdict.confirmReasons !== true) {
      throw new DomainError(
        'EDIT_NEEDS_CONFIRMATION',
        'The gate would hold what the edit adds. Look at the reasons; to approve all the same, send confirmReasons: true.',
        { reasons },
      );
    }
    return judged;
  }
}

/** An edit that says the same as the proposal is none. */
function editOf(card: ReviewCard, editedOutput: JsonValue): Edit | undefined {
  if (canonicalJson(editedOutput) === canonicalJson(card.proposedOutput)) return undefined;
  return { output: editedOutput, outputDigest: digestOf(editedOutput) };
}

/** @throws DomainError `OWN_PROPOSAL` for the approval of what came with the caller's own credential */
export function refuseOwnProposal(
  caller: Caller,
  { reviewId, proposedBy }: ReviewCard,
  { status }: Verdict,
): void {
  if (status !== 'APPROVED' || proposedBy !== caller.id) return;
  throw new DomainError(
    'OWN_PROPOSAL',
    `What card ${reviewId} shows was proposed with your own credential. Somebody else has to approve it.`,
  );
}
