import { Injectable } from '@nestjs/common';
import type { ReviewCard } from '../models/review.js';
import { RecordsPort } from '../ports/records.js';
import { reviewNotFound } from './refusals.js';

/** What never changes of a card: the task that it holds. */
export type CardOrigin = Pick<ReviewCard, 'taskId' | 'kind'>;

/** How many are remembered; a few hundred bytes each. */
const mostKnown = 10_000;

/** Where cards come from. Those that this process has made or shown lately need not be read before they are decided. */
@Injectable()
export class CardOrigins {
  private readonly known = new Map<string, CardOrigin>();

  constructor(private readonly records: RecordsPort) {}

  /** Remembers a card that is on the record. The one that was remembered first is forgotten when there are too many. */
  note({ tenantId, reviewId, taskId, kind }: ReviewCard): void {
    this.known.set(keyOf(tenantId, reviewId), { taskId, kind });
    if (this.known.size <= mostKnown) return;
    for (const oldest of this.known.keys()) {
      this.known.delete(oldest);
      return;
    }
  }

  /** @throws DomainError `REVIEW_NOT_FOUND` */
  async of(tenantId: string, reviewId: string): Promise<CardOrigin> {
    const known = this.known.get(keyOf(tenantId, reviewId));
    if (known) return known;
    const card = await this.records.review(tenantId, reviewId);
    if (!card) throw reviewNotFound(reviewId);
    this.note(card);
    return card;
  }
}

function keyOf(tenantId: string, reviewId: string): string {
  return `${tenantId} ${reviewId}`;
}
