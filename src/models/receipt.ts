import { digestOf } from './digest.js';
import type { ReviewCard } from './review.js';

/** Names what is signed, so that no signature of another thing passes for one of a receipt. */
export const receiptFormat = 'chimera-receipt/1';

/** What a receipt says: this operator approved this output, looking at this card. */
export interface ReceiptClaim {
  readonly tenantId: string;
  readonly reviewId: string;
  readonly taskId: string;
  /** The result that the card held. */
  readonly resultId: string;
  /** Of the output that was approved: the operator's own when it was edited. */
  readonly outputDigest: string;
  readonly edited: boolean;
  /** The version of the policy that held the result. */
  readonly policyVersion: number;
  /** See `cardDigestOf`. */
  readonly cardDigest: string;
  readonly operatorId: string;
  readonly decidedAt: Date;
  /** Where the decision is on the audit record. */
  readonly sequence: number;
  /** The hash of the audit event there. */
  readonly hash: string;
  readonly keyId: string;
}

/** A claim with the signature that vouches for it. A task is released on it once. */
export interface ApprovalReceipt extends ReceiptClaim {
  /** Ed25519 over the RFC 8785 form of the claim, in base64url. */
  readonly signature: string;
}

/** A receipt as it is shown: the members that are signed, and the signature. */
export interface SignedReceipt extends Omit<ApprovalReceipt, 'decidedAt'> {
  readonly format: typeof receiptFormat;
  /** RFC 3339, UTC, to the millisecond. */
  readonly decidedAt: string;
}

/** The claim as it is signed. */
export function receiptStatement(claim: ReceiptClaim): Omit<SignedReceipt, 'signature'> {
  return {
    format: receiptFormat,
    tenantId: claim.tenantId,
    reviewId: claim.reviewId,
    taskId: claim.taskId,
    resultId: claim.resultId,
    outputDigest: claim.outputDigest,
    edited: claim.edited,
    policyVersion: claim.policyVersion,
    cardDigest: claim.cardDigest,
    operatorId: claim.operatorId,
    decidedAt: claim.decidedAt.toISOString(),
    sequence: claim.sequence,
    hash: claim.hash,
    keyId: claim.keyId,
  };
}

export function signedReceipt(receipt: ApprovalReceipt): SignedReceipt {
  return { ...receiptStatement(receipt), signature: receipt.signature };
}

/**
 * Digest of what a card shows an operator and what never changes on it: whoever has kept the card as the API answered it,
 * before or after the decision, can make it again. On whose desk the card is, its version and the decision are no part.
 */
export function cardDigestOf(card: ReviewCard): string {
  return digestOf({
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
    confidence: card.confidence,
    taskInput: card.taskInput,
    proposedOutput: card.proposedOutput,
    policyVersion: card.policyVersion,
    timestamp: card.timestamp.toISOString(),
    dueAt: card.dueAt.toISOString(),
  });
}
