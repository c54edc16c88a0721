import { BullmqReviewQueue } from '../../src/lib/bullmq/bullmq-review-queue.js';
import { queueStores } from './queue-stores.js';
import { reviewQueueContract } from './review-queue.contract.js';

for (const [name, openStore] of queueStores) {
  reviewQueueContract(`BullmqReviewQueue on ${name}`, async () => {
    const store = await openStore();
    return {
      async open() {
        const queue = new BullmqReviewQueue(await store.open());
        return { queue, close: () => queue.onApplicationShutdown() };
      },
      jobData: () => store.jobData(),
      drop: () => store.drop(),
    };
  });
}
