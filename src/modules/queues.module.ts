import { type DynamicModule, Global, Module } from '@nestjs/common';
import { BullmqBacktestQueue } from '../lib/bullmq/bullmq-backtest-queue.js';
import { BullmqReviewQueue } from '../lib/bullmq/bullmq-review-queue.js';
import { BullmqTaskQueue } from '../lib/bullmq/bullmq-task-queue.js';
import { postgresQueues, type QueueOpener, redisQueues } from '../lib/bullmq/queues.js';
import { BacktestQueuePort } from '../ports/backtest-queue.js';
import { ReviewQueuePort } from '../ports/review-queue.js';
import { SignalPort } from '../ports/signals.js';
import { TaskQueuePort } from '../ports/task-queue.js';
import type { Resources } from './resources.js';

/** All queues, for they share the store that BullMQ keeps its jobs in. */
@Global()
@Module({})
export class QueuesModule {
  static on(resources: Resources): DynamicModule {
    const opener = openerOn(resources);
    const tasks = {
      provide: TaskQueuePort,
      inject: [SignalPort],
      useFactory: (signals: SignalPort) => new BullmqTaskQueue(opener, signals),
    };
    const reviews = { provide: ReviewQueuePort, useFactory: () => new BullmqReviewQueue(opener) };
    const backtests = { provide: BacktestQueuePort, useFactory: () => new BullmqBacktestQueue(opener) };
    return {
      module: QueuesModule,
      providers: [tasks, reviews, backtests],
      exports: [TaskQueuePort, ReviewQueuePort, BacktestQueuePort],
    };
  }
}

function openerOn({ redis, queuePool }: Resources): QueueOpener {
  if (redis) return redisQueues(redis.shared, redis.blocking);
  if (queuePool) return postgresQueues(queuePool);
  throw new Error('Queues need Redis or a pool of PostgreSQL connections.');
}
