import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { systemActor } from '../models/audit.js';
import { expireCard, type ReviewCard } from '../models/review.js';
import { finishTask } from '../models/task.js';
import { LedgerPort } from '../ports/ledger.js';
import { RecordsPort } from '../ports/records.js';
import { ReviewQueuePort } from '../ports/review-queue.js';
import { WatchPort } from '../ports/watch.js';
import { taskEntry } from './task-entries.js';

/** How many cards one round of the sweep closes. */
const stride = 200;

/** Closes cards that nobody decided in time. Silence is never an approval. */
@Injectable()
export class ReviewDeadlines implements OnApplicationBootstrap {
  private readonly logger = new Logger(ReviewDeadlines.name);

  constructor(
    private readonly ledger: LedgerPort,
    private readonly records: RecordsPort,
    private readonly reviews: ReviewQueuePort,
    private readonly watch: WatchPort,
  ) {}

  onApplicationBootstrap(): void {
    this.reviews.onDue(({ tenantId, reviewId }) => this.expire(tenantId, reviewId));
  }

  /** Never rejects: the row knows its deadline, and a sweep finds what could not be scheduled. */
  async schedule({ tenantId, reviewId, dueAt }: ReviewCard): Promise<void> {
    try {
      await this.reviews.schedule({ tenantId, reviewId, dueAt });
    } catch (error) {
      this.logger.warn(
        { err: error, reviewId },
        'A deadline could not be scheduled; the sweep will see to it.',
      );
    }
  }

  /** The card was decided. Never rejects: a deadline that is left behind finds that out when it comes. */
  async cancel({ tenantId, reviewId }: ReviewCard): Promise<void> {
    try {
      await this.reviews.cancel({ tenantId, reviewId });
    } catch (error) {
      this.logger.warn({ err: error, reviewId }, 'The deadline of a decided card could not be taken back.');
    }
  }

  /** Closes the cards whose deadline has passed. Returns how many there were. */
  async sweep(): Promise<number> {
    const overdue = await this.watch.overdueReviews(stride);
    await Promise.all(overdue.map(({ tenantId, reviewId }) => this.expire(tenantId, reviewId)));
    return overdue.length;
  }

  /** Closes the card and rejects its task, unless the card was decided or is not due. */
  async expire(tenantId: string, reviewId: string): Promise<void> {
    const known = await this.records.review(tenantId, reviewId);
    if (known?.status !== 'PENDING') return;
    const early = await this.ledger.transact({
      tenantId,
      needs: { reviews: [reviewId], tasks: [known.taskId] },
      decide: (view) => {
        const card = view.get('review', reviewId);
        const task = view.get('task', known.taskId);
        if (card?.status !== 'PENDING' || task?.status !== 'NEEDS_REVIEW') return undefined;
        if (card.dueAt > view.now) return card;
        const expired = expireCard(card, 'Nobody decided before the deadline.', view.now);
        const error = {
          code: 'REVIEW_EXPIRED',
          message: 'Rejected by Review',
          retryable: false,
          comment: expired.comment,
        };
        const rejected = finishTask(task, 'REJECTED', view.now, { error, resultId: card.resultId });
        view.put('review', expired);
        view.put('task', rejected);
        const { taskId, agentId, sessionId } = card;
        view.record({
          type: 'review.expired',
          actor: systemActor,
          reviewId,
          taskId,
          agentId,
          sessionId,
          traceId: task.traceId,
        });
        view.record(taskEntry(rejected, systemActor));
        return undefined;
      },
    });
    // This process's clock runs ahead of the database's: the deadline is still to come.
    if (early) throw new Error(`Card ${reviewId} is due only at ${early.dueAt.toISOString()}.`);
  }
}
