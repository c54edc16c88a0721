import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Deadline, ReviewQueuePort } from '../../src/ports/review-queue.js';
import { eventually } from './eventually.js';

/** Where deadlines lie. */
export interface ReviewQueueStore {
  /** One more instance on the store, as another process has it. */
  open(): Promise<OpenReviewQueue>;
  /** The data of every job there is, as text. */
  jobData(): Promise<readonly string[]>;
  drop(): Promise<void>;
}

export interface OpenReviewQueue {
  readonly queue: ReviewQueuePort;
  close(): Promise<void>;
}

const tenantId = 't_deadlines';

function inMs(ms: number): Deadline {
  return { tenantId, reviewId: randomUUID(), dueAt: new Date(Date.now() + ms) };
}

/** What every queue of deadlines promises. */
export function reviewQueueContract(name: string, openStore: () => Promise<ReviewQueueStore>): void {
  describe(name, () => {
    let store: ReviewQueueStore;
    const opened: OpenReviewQueue[] = [];

    beforeAll(async () => {
      store = await openStore();
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((one) => one.close()));
    });
    afterAll(() => store.drop());

    const open = async () => {
      const one = await store.open();
      opened.push(one);
      return one.queue;
    };
    /** Two processes that note which deadlines they were called for. */
    const openTwo = async () => {
      const due: string[] = [];
      const queues = [await open(), await open()] as const;
      for (const queue of queues) {
        queue.onDue(({ reviewId }) => {
          due.push(reviewId);
          return Promise.resolve();
        });
      }
      return { queues, due };
    };

    it('calls the handler of one process when a deadline has come, and not before', async () => {
      const { queues, due } = await openTwo();
      const deadlines = Array.from({ length: 20 }, () => inMs(300));
      await Promise.all(deadlines.map((deadline, index) => queues[index % 2 ? 1 : 0].schedule(deadline)));
      const last = inMs(600);
      await queues[0].schedule(last);
      await eventually(
        () => due.length,
        (count) => count >= 20,
      );
      expect(Date.now()).toBeGreaterThanOrEqual(Math.min(...deadlines.map(({ dueAt }) => dueAt.getTime())));
      await eventually(
        () => due.at(-1),
        (reviewId) => reviewId === last.reviewId,
      );
      expect(due.toSorted()).toEqual([...deadlines, last].map(({ reviewId }) => reviewId).toSorted());
    });

    it('calls at once for a deadline that has passed', async () => {
      const { queues, due } = await openTwo();
      const late = inMs(-60_000);
      await queues[1].schedule(late);
      expect(
        await eventually(
          () => due,
          (ids) => ids.length > 0,
        ),
      ).toEqual([late.reviewId]);
    });

    it('keeps one deadline a card, however often it is scheduled', async () => {
      const queues = [await open(), await open()];
      const deadline = inMs(60_000);
      for (const queue of [...queues, ...queues]) await queue.schedule(deadline);
      const kept = (await store.jobData()).filter((data) => data.includes(deadline.reviewId));
      expect(kept).toHaveLength(1);
    });

    it('calls again when the handler fails', async () => {
      const queue = await open();
      const calls: string[] = [];
      queue.onDue(({ reviewId }) => {
        calls.push(reviewId);
        return calls.length === 1 ? Promise.reject(new Error('Not yet.')) : Promise.resolve();
      });
      const deadline = inMs(0);
      await queue.schedule(deadline);
      await eventually(
        () => calls.length,
        (count) => count === 2,
      );
      expect(calls).toEqual([deadline.reviewId, deadline.reviewId]);
    });

    it('calls in a process that comes later, when the one that scheduled is gone', async () => {
      const gone = await store.open();
      const deadline = inMs(100);
      await gone.queue.schedule(deadline);
      await gone.close();
      const { due } = await openTwo();
      await eventually(
        () => due,
        (ids) => ids.includes(deadline.reviewId),
      );
    });

    it('keeps nothing of a deadline that was taken back, whichever process does so, and never calls for it', async () => {
      const { queues, due } = await openTwo();
      const [late, kept] = [inMs(60_000), inMs(300)];
      const soon = inMs(200);
      for (const deadline of [late, soon, kept]) await queues[0].schedule(deadline);
      await Promise.all([late, soon].map((deadline) => queues[1].cancel(deadline)));
      // None is there any more.
      await queues[1].cancel(late);
      expect((await store.jobData()).filter((data) => data.includes(late.reviewId))).toEqual([]);
      await eventually(
        () => due,
        (ids) => ids.includes(kept.reviewId),
      );
      expect(due).not.toContain(soon.reviewId);
    });

    it('carries ids alone', async () => {
      const { reviewId, ...rest } = inMs(60_000);
      await (await open()).schedule({ reviewId, ...rest, ...{ proposedOutput: 'a secret' } });
      const data = await store.jobData();
      expect(data.map((one): unknown => JSON.parse(one))).toContainEqual({ tenantId, reviewId });
      expect(data.filter((one) => one.includes('a secret'))).toEqual([]);
    });
  });
}
