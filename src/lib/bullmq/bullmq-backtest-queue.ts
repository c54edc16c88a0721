import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type BacktestRef, BacktestQueuePort } from '../../ports/backtest-queue.js';
import { OpenQueues } from './open-queues.js';
import type { QueueOpener } from './queues.js';

const backtestsQueue = 'backtests';

/** Backtests as BullMQ jobs, of which a process runs one at a time. */
@Injectable()
export class BullmqBacktestQueue extends BacktestQueuePort implements OnApplicationShutdown {
  private readonly queues: OpenQueues;
  private stop: (() => Promise<void>) | undefined;

  constructor(private readonly opener: QueueOpener) {
    super();
    this.queues = new OpenQueues(opener);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stop?.();
    await this.queues.close();
  }

  async schedule({ tenantId, backtestId }: BacktestRef): Promise<void> {
    const jobs = [
      {
        name: 'backtest',
        data: { tenantId, backtestId },
        opts: {
          jobId: `backtest_${tenantId}_${backtestId}`,
          attempts: 5,
          backoff: { type: 'exponential', delay: 1_000 },
          removeOnComplete: true,
          removeOnFail: true,
        },
      },
    ];
    await this.queues.use(backtestsQueue, ({ queue }) => queue.addBulk(jobs));
  }

  onDue(handler: (backtest: BacktestRef) => Promise<void>): void {
    this.stop = this.opener.work(
      backtestsQueue,
      async ({ data }) => {
        const { tenantId, backtestId }: Partial<BacktestRef> = data;
        if (tenantId !== undefined && backtestId !== undefined) await handler({ tenantId, backtestId });
      },
      1,
    );
  }
}
