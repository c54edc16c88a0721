import { setTimeout as pause } from 'node:timers/promises';
import { isRefusal } from './client.ts';
import type { ChimeraClient } from './client.ts';
import type { ReviewCard, ReviewDecision } from './contract.ts';
import { outputDigest } from './digest.ts';
import { messageFrom } from './messages.ts';
import { redact } from './redaction.ts';
import type { Scoreboard } from './scoreboard.ts';
import { completesOnApproval } from './submitter.ts';

const betweenLooksMs = 300;
const somebodyElseActed = [
  'REVIEW_ALREADY_DECIDED',
  'REVIEW_ASSIGNED',
  'PRECONDITION_FAILED',
  'REVIEW_NOT_FOUND',
] as const;

/**
 * What the demo's operator does with a card: nothing with a credential or a risky promise leaves the house, personal data is
 * taken out, and an unsure reply passes when it is nearly sure.
 */
export function decideCard(card: ReviewCard): ReviewDecision {
  const codes = new Set(card.reasons.map((reason) => reason.code));
  if (codes.has('SECRET')) return reject('A credential never goes to a customer.');
  if (codes.has('SENSITIVE_KEYWORD')) return reject('We neither promise nor ask for this in a chat.');
  if (codes.has('SENSITIVE_TOPIC'))
    return reject('We give no advice on this subject. Refer the customer to a specialist.');
  if (codes.has('PII')) return withoutPersonalData(card);
  if (codes.has('LOW_CONFIDENCE')) {
    return card.confidence >= 0.5 ? approve('Reads well enough.') : reject('Too unsure, please ask back.');
  }
  return reject('Held for a reason that needs a closer look.');
}

/** A person at the review queue, played by a rule. */
export class SimulatedOperator {
  /** What was approved, as a digest by task: noted before the server is told, so that no agent can be faster. */
  readonly approvedDigests: Map<string, string>;
  readonly #client: ChimeraClient;
  readonly #scoreboard: Scoreboard;
  readonly #seed: number;

  constructor(
    client: ChimeraClient,
    scoreboard: Scoreboard,
    approvedDigests: Map<string, string>,
    seed: number,
  ) {
    this.#client = client;
    this.#scoreboard = scoreboard;
    this.approvedDigests = approvedDigests;
    this.#seed = seed;
  }

  /** Decides what waits, oldest first, until told to stop. */
  async run(stopping: AbortSignal): Promise<void> {
    while (!stopping.aborted) {
      const cards = await this.#waiting(stopping);
      for (const { reviewId } of cards) await this.#decide(reviewId, stopping);
      await pause(betweenLooksMs, undefined, { signal: stopping }).catch(() => undefined);
    }
  }

  async #waiting(stopping: AbortSignal): Promise<readonly ReviewCard[]> {
    try {
      return await this.#client.pendingReviews(50, stopping);
    } catch (error) {
      if (stopping.aborted) return [];
      throw error;
    }
  }

  async #decide(reviewId: string, stopping: AbortSignal): Promise<void> {
    if (stopping.aborted) return;
    try {
      const { card, etag } = await this.#client.review(reviewId);
      if (card.status === 'PENDING') await this.#settle(card, decideCard(card), etag);
    } catch (error) {
      if (!isRefusal(error, ...somebodyElseActed)) throw error;
    }
  }

  async #settle(card: ReviewCard, decision: ReviewDecision, etag: string | null): Promise<void> {
    this.#noteApproval(card, decision);
    try {
      await this.#client.decide(card.reviewId, decision, etag);
      this.#count(card, decision);
    } catch (error) {
      if (!isRefusal(error, 'EDIT_NEEDS_CONFIRMATION')) throw error;
      const rejection = reject('The edited text is still not fit to go out.');
      this.#noteApproval(card, rejection);
      await this.#client.decide(card.reviewId, rejection, etag);
      this.#count(card, rejection);
    }
  }

  #noteApproval(card: ReviewCard, decision: ReviewDecision): void {
    if (decision.status === 'REJECTED') this.approvedDigests.delete(card.taskId);
    else {
      const digest =
        decision.editedOutput === undefined ? card.outputDigest : outputDigest(decision.editedOutput);
      this.approvedDigests.set(card.taskId, digest);
    }
  }

  #count(card: ReviewCard, decision: ReviewDecision): void {
    const { counters } = this.#scoreboard;
    const messageId = messageFrom(card.taskInput).id;
    if (decision.status === 'REJECTED') counters.rejected += 1;
    else if (decision.editedOutput === undefined) counters.approved += 1;
    else counters.edited += 1;
    if (decision.status === 'REJECTED' || completesOnApproval(messageId, this.#seed))
      this.#scoreboard.finished(messageId);
  }
}

function withoutPersonalData(card: ReviewCard): ReviewDecision {
  const editedOutput = redact(card.proposedOutput, card.reasons);
  if (editedOutput === undefined) return reject('Personal data where it cannot simply be taken out.');
  return { status: 'APPROVED', comment: 'Personal data taken out.', editedOutput };
}

function approve(comment: string): ReviewDecision {
  return { status: 'APPROVED', comment };
}

function reject(comment: string): ReviewDecision {
  return { status: 'REJECTED', comment };
}
