import { createRedisBackend, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Config } from '../../src/config.js';

/** Empties what the queues are kept in, as a Redis that lost its memory would. */
export async function loseQueues({ databaseUrl, redisUrl }: Config): Promise<void> {
  if (redisUrl !== undefined) return withRedis(redisUrl, (redis) => redis.flushdb());
  return withPostgres(databaseUrl, (client) => client.query('DELETE FROM bullmq.job'));
}

/** Takes a ticket out of the queue as a process would that dies before it has done anything with it. */
export async function takeTicketAndDie(
  { databaseUrl, redisUrl }: Config,
  tenantId: string,
  kind: string,
): Promise<void> {
  const queue = `tasks.${tenantId}.${kind}`;
  if (redisUrl !== undefined) {
    return withRedis(redisUrl, async (connection) => {
      const options = { connection, prefix: 'chimera', autorun: false, lockDuration: 500 };
      const worker = new Worker(queue, null, options, (name, more) => createRedisBackend(name, more));
      await worker.getNextJob('a process that dies', { block: false });
      await worker.close();
    });
  }
  return withPostgres(databaseUrl, async (client) => {
    const { rowCount } = await client.query(
      `UPDATE bullmq.job SET state = 'active', lock_token = 'a process that dies',
         locked_until_ms = extract(epoch FROM clock_timestamp()) * 1000 + 500
       WHERE queue = $1 AND state = 'waiting'`,
      [queue],
    );
    if (rowCount !== 1) throw new Error('No ticket.');
  });
}

async function withRedis(url: string, use: (redis: Redis) => Promise<unknown>): Promise<void> {
  const redis = new Redis(url);
  try {
    await use(redis);
  } finally {
    redis.disconnect();
  }
}

async function withPostgres(
  url: string | undefined,
  use: (client: pg.Client) => Promise<unknown>,
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}
