import type { Reason, ReasonCode } from './decision.js';
import type { JsonValue } from './json.js';

export const reviewStatuses = ['PENDING', 'APPROVED', 'REJECTED', 'EXPIRED'] as const;
export type ReviewStatus = (typeof reviewStatuses)[number];

/** One held result in front of a person. */
export interface ReviewCard {
  readonly reviewId: string;
  readonly tenantId: string;
  readonly taskId: string;
  readonly resultId: string;
  readonly sessionId: string | null;
  readonly agentId: string;
  readonly kind: string;
  /** The gravest of the reasons. */
  readonly reason: ReasonCode;
  readonly reasons: readonly Reason[];
  /** The reasons in a sentence. */
  readonly details: string;
  readonly status: ReviewStatus;
  readonly confidence: number | null;
  /** 100 less the task's priority: the lowest is looked at first. */
  readonly rank: number;
  readonly taskInput: JsonValue;
  readonly proposedOutput: JsonValue;
  /** Digest of the output that was proposed; once approved, of the output that was approved. */
  readonly outputDigest: string;
  /** What the operator approved in place of the proposed output; `null` when it was not edited. */
  readonly editedOutput: JsonValue;
  readonly edited: boolean;
  readonly policyVersion: number;
  /** Whose credential the output came with; `null` on cards from before it was kept. */
  readonly proposedBy: string | null;
  readonly assignee: string | null;
  readonly assignedUntil: Date | null;
  readonly operatorId: string | null;
  readonly comment: string | null;
  /** When the result was held. */
  readonly timestamp: Date;
  /** When the card expires undecided. */
  readonly dueAt: Date;
  readonly resolutionAt: Date | null;
  readonly version: number;
}

/** An operator's yes, bound to the digest of the exact output that it approved. */
export interface Approval {
  readonly reviewId: string;
  readonly operatorId: string;
  readonly decidedAt: Date;
  readonly comment: string | null;
  readonly output: JsonValue;
  readonly outputDigest: string;
}

/** The approval that a card carries; `undefined` unless it was approved. */
export function approvalOf(card: ReviewCard | undefined): Approval | undefined {
  if (card?.status !== 'APPROVED' || card.operatorId === null || card.resolutionAt === null) return undefined;
  return {
    reviewId: card.reviewId,
    operatorId: card.operatorId,
    decidedAt: card.resolutionAt,
    comment: card.comment,
    output: card.edited ? card.editedOutput : card.proposedOutput,
    outputDigest: card.outputDigest,
  };
}

/** Who has the card on their desk at this moment. */
export function assigneeAt(card: ReviewCard, now: Date): string | null {
  return card.assignedUntil !== null && card.assignedUntil > now ? card.assignee : null;
}

/** The card with an operator's decision on it. */
export function decideCard(
  card: ReviewCard,
  verdict: {
    status: 'APPROVED' | 'REJECTED';
    operatorId: string;
    comment: string | null;
    edit?: { output: JsonValue; outputDigest: string };
  },
  now: Date,
): ReviewCard {
  const { edit, ...decided } = verdict;
  return {
    ...card,
    ...decided,
    ...(edit && { edited: true, editedOutput: edit.output, outputDigest: edit.outputDigest }),
    resolutionAt: now,
    version: card.version + 1,
  };
}

/** The card, closed without a decision. Never an approval. */
export function expireCard(card: ReviewCard, comment: string, now: Date): ReviewCard {
  return { ...card, status: 'EXPIRED', comment, resolutionAt: now, version: card.version + 1 };
}
