import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Deadline, type DeadlineKey, ReviewQueuePort } from '../../ports/review-queue.js';
import { Batcher } from '../batcher.js';
import { OpenQueues } from './open-queues.js';
import type { QueueOpener } from './queues.js';

const reviewsQueue = 'reviews';

/** Deadlines of cards as delayed BullMQ jobs. */
@Injectable()
export class BullmqReviewQueue extends ReviewQueuePort implements OnApplicationShutdown {
  private readonly queues: OpenQueues;
  private stop: (() => Promise<void>) | undefined;
  /** Removed one by one, so many at a time. */
  private readonly cancelled = new Batcher<DeadlineKey, void>(
    async (deadlines) => {
      const ids = deadlines.map(jobId);
      await this.queues.use(reviewsQueue, ({ queue }) => Promise.all(ids.map((id) => queue.remove(id))));
      return deadlines.map(() => ({ value: undefined }));
    },
    { store: 'queue', maxBatch: 100, maxWaiting: 10_000 },
  );

  constructor(private readonly opener: QueueOpener) {
    super();
    this.queues = new OpenQueues(opener);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stop?.();
    await this.queues.close();
  }

  async schedule({ tenantId, reviewId, dueAt }: Deadline): Promise<void> {
    const jobs = [
      {
        name: 'deadline',
        data: { tenantId, reviewId },
        opts: {
          jobId: jobId({ tenantId, reviewId }),
          delay: Math.max(0, dueAt.getTime() - Date.now()),
          attempts: 8,
          backoff: { type: 'exponential', delay: 1_000 },
          removeOnComplete: true,
          removeOnFail: true,
        },
      },
    ];
    await this.queues.use(reviewsQueue, ({ queue }) => queue.addBulk(jobs));
  }

  cancel(deadline: DeadlineKey): Promise<void> {
    return this.cancelled.submit(deadline);
  }

  onDue(handler: (deadline: DeadlineKey) => Promise<void>): void {
    this.stop = this.opener.work(reviewsQueue, async ({ data }) => {
      const { tenantId, reviewId }: Partial<Deadline> = data;
      if (tenantId !== undefined && reviewId !== undefined) await handler({ tenantId, reviewId });
    });
  }
}

function jobId({ tenantId, reviewId }: DeadlineKey): string {
  return `deadline_${tenantId}_${reviewId}`;
}
