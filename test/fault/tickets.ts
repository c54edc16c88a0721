import pg from 'pg';
import { BullmqTaskQueue } from '../../src/lib/bullmq/bullmq-task-queue.js';
import { postgresQueues, redisQueues } from '../../src/lib/bullmq/queues.js';
import { queueSchema } from '../../src/lib/postgres/migrate.js';
import { connectRedis } from '../../src/lib/redis/connection.js';
import type { TaskQueuePort } from '../../src/ports/task-queue.js';
import { until } from '../support/fleet.js';
import type { Broken } from './checks.js';
import type { Stack } from './stack.js';
import { kinds } from './submitter.js';

/** Agents that are idle look into the queue every few seconds. */
const patienceMs = 30_000;

/**
 * Once every task has ended, no ticket is left: idle agents draw those of tasks that have ended or went another way, and throw
 * them away.
 */
export async function checkTickets(stack: Stack, tenantId: string, withRedis: boolean): Promise<Broken[]> {
  return withQueue(stack, withRedis, async (queue) => {
    const left = async () => {
      const sizes = await Promise.all(kinds.map((kind) => queue.size(tenantId, kind)));
      return sizes.reduce((sum, size) => sum + size, 0);
    };
    await until(async () => (await left()) === 0, patienceMs).catch(() => undefined);
    const count = await left();
    return count === 0
      ? []
      : [{ promise: 'queue', words: `every task has ended, and ${count} tickets are left in the queue` }];
  });
}

async function withQueue<T>(
  stack: Stack,
  withRedis: boolean,
  work: (queue: TaskQueuePort) => Promise<T>,
): Promise<T> {
  const signals = { publish: () => undefined, subscribe: () => () => undefined };
  if (withRedis) {
    const redis = await connectRedis(stack.redis.url);
    const queue = new BullmqTaskQueue(redisQueues(redis, redis), signals);
    try {
      return await work(queue);
    } finally {
      await queue.onApplicationShutdown();
      redis.disconnect();
    }
  }
  const pool = new pg.Pool({
    connectionString: stack.postgres.url,
    max: 4,
    options: `-c search_path=${queueSchema}`,
  });
  const queue = new BullmqTaskQueue(postgresQueues(pool), signals);
  try {
    return await work(queue);
  } finally {
    await queue.onApplicationShutdown();
    await pool.end();
  }
}
