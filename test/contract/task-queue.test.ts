import { Logger } from '@nestjs/common';
import { BullmqTaskQueue } from '../../src/lib/bullmq/bullmq-task-queue.js';
import type { QueueOpener } from '../../src/lib/bullmq/queues.js';
import type { Signal } from '../../src/ports/signals.js';
import { SignalPort } from '../../src/ports/signals.js';
import { queueStores } from './queue-stores.js';
import { type OpenTaskQueue, taskQueueContract } from './task-queue.contract.js';

// Stores are cut off here on purpose, which adapters complain of.
Logger.overrideLogger(false);

/** Keeps what it is told. */
class Notebook extends SignalPort {
  readonly signals: Signal[] = [];

  publish(signals: readonly Signal[]): void {
    this.signals.push(...signals);
  }

  subscribe(): () => void {
    return () => undefined;
  }
}

function openOn(opener: QueueOpener): OpenTaskQueue {
  const notebook = new Notebook();
  const queue = new BullmqTaskQueue(opener, notebook);
  queue.onApplicationBootstrap();
  return { queue, signals: notebook.signals, close: () => queue.onApplicationShutdown() };
}

for (const [name, openStore] of queueStores) {
  taskQueueContract(`BullmqTaskQueue on ${name}`, async () => {
    const store = await openStore();
    return {
      open: async () => openOn(await store.open()),
      async openOverLink() {
        const { opener, link } = await store.openOverLink();
        return { ...openOn(opener), link };
      },
      takeAndDie: (tenantId, kind) => store.takeAndDie(`tasks.${tenantId}.${kind}`),
      jobData: () => store.jobData(),
      drop: () => store.drop(),
    };
  });
}
