import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { between, oneOf, type Random } from '../../demo/random.js';
import type { Link } from '../contract/link.js';
import type { StoreFault } from './fault-names.js';
import { type Fault, forAWhile, type Scene, seconds } from './scene.js';
import type { Stack } from './stack.js';

async function redisKill({ stack, random, say }: Scene): Promise<void> {
  say('Redis is killed, and comes back empty');
  await stack.redis.kill();
  await pause(between(random, 0, 2_000));
  await stack.redis.start();
}

async function redisFreeze({ stack, random, say }: Scene): Promise<void> {
  const ms = between(random, 1_000, 6_500);
  say(`Redis is frozen for ${seconds(ms)}`);
  stack.redis.signal('SIGSTOP');
  try {
    await pause(ms);
  } finally {
    stack.redis.signal('SIGCONT');
  }
}

async function redisFull({ stack, random, say }: Scene): Promise<void> {
  say('Redis is out of memory');
  await withSetting(stack, ['maxmemory', '1mb'], ['maxmemory', '0'], between(random, 1_000, 4_000));
}

async function redisReadOnly({ stack, random, say }: Scene): Promise<void> {
  const ms = between(random, 1_000, 4_000);
  if (random() < 0.5) {
    say('Redis takes no writes for want of replicas');
    await withSetting(stack, ['min-replicas-to-write', '1'], ['min-replicas-to-write', '0'], ms);
    return;
  }
  say('Redis is a replica, and read-only');
  await withRedis(stack, async (redis) => {
    await redis.replicaof('127.0.0.1', 1);
    await pause(ms);
    await redis.replicaof('NO', 'ONE');
  });
}

async function redisSlow({ stack, random, say }: Scene): Promise<void> {
  say('Redis answers 500 ms late');
  await forAWhile(
    stack.redis.links,
    (link) => Promise.resolve(link.slow(500)),
    between(random, 2_000, 4_000),
  );
}

async function redisCut({ stack, random, say }: Scene): Promise<void> {
  say('some processes are cut off from Redis');
  await forAWhile(some(stack.redis.links, random), (link) => link.cut(), between(random, 200, 2_500));
}

async function postgresKill({ stack, random, say }: Scene): Promise<void> {
  say('PostgreSQL is killed');
  await endPostgres(stack, 'SIGKILL', between(random, 0, 1_500));
}

async function postgresCrash({ stack, random, say }: Scene): Promise<void> {
  say('PostgreSQL is shut down in the middle of everything');
  await endPostgres(stack, 'SIGQUIT', between(random, 0, 1_500));
}

async function endPostgres(stack: Stack, signal: 'SIGKILL' | 'SIGQUIT', ms: number): Promise<void> {
  stack.postgres.end(signal);
  await pause(ms);
  await stack.postgres.start();
}

async function postgresFreeze({ stack, random, say }: Scene): Promise<void> {
  const ms = between(random, 500, 4_500);
  say(`PostgreSQL is frozen for ${seconds(ms)}`);
  await stack.postgres.signal('SIGSTOP');
  try {
    await pause(ms);
  } finally {
    await stack.postgres.signal('SIGCONT');
  }
}

/** Connections are broken, and others take the places before they are made again. */
async function postgresFull({ stack, random, say }: Scene): Promise<void> {
  say('PostgreSQL is out of connections');
  const taken: pg.Client[] = [];
  try {
    await withPostgres(stack.postgres.superuserUrl, async (client) => {
      await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'chimera'");
      for (;;) {
        const more = Array.from({ length: 10 }, () => quietClient(stack.postgres.url));
        taken.push(...more);
        const made = await Promise.allSettled(more.map((one) => one.connect()));
        if (made.some(({ status }) => status === 'rejected')) break;
      }
      await pause(between(random, 1_000, 3_000));
    });
  } finally {
    await Promise.allSettled(taken.map((one) => one.end()));
  }
}

/**
 * What has no room fails: rows that need another page, and, when its turn comes, the log itself. Without room for that
 * PostgreSQL ends all its processes, cannot recover, and gives up; then somebody has to start it.
 */
async function postgresDiskFull({ stack, random, say }: Scene): Promise<void> {
  const { disk } = stack.postgres;
  if (!disk) {
    say('not tried, for no file system may be mounted here: the disk of PostgreSQL is full');
    return;
  }
  const spare = Math.round(between(random, 0, 500_000));
  const logToo = random() < 0.4;
  say(`the disk of PostgreSQL is full${logToo ? ', and its log needs another file' : ''}`);
  try {
    await disk.fill(spare);
    if (logToo)
      await withPostgres(stack.postgres.superuserUrl, async (client) => {
        for (let file = 0; file < 4; file += 1) {
          await client.query('SELECT pg_switch_wal()');
          await client.query('SELECT pg_logical_emit_message(false, $1, $2)', ['drill', 'full']);
        }
      }).catch(() => undefined);
    await pause(between(random, 1_500, 4_000));
  } finally {
    await disk.makeRoom();
    if (await stack.postgres.revive()) say('it had given up, and was started again');
  }
}

async function postgresLock({ stack, tenantId, random, say }: Scene): Promise<void> {
  const ms = between(random, 1_000, 4_000);
  say(`the head of the tenant's record is locked for ${seconds(ms)}`);
  await withPostgres(stack.postgres.url, async (client) => {
    await client.query('BEGIN');
    await client.query('SELECT FROM audit_heads WHERE tenant_id = $1 FOR UPDATE', [tenantId]);
    await pause(ms);
    await client.query('ROLLBACK');
  });
}

/** Takes locks in the order that is not the ledger's: one of the two is told of a deadlock. */
async function postgresDeadlock({ stack, tenantId, random, say }: Scene): Promise<void> {
  say('somebody locks tasks before the head of their record');
  await withPostgres(stack.postgres.url, async (client) => {
    await client.query('BEGIN');
    await client.query(
      "SELECT FROM tasks WHERE tenant_id = $1 AND status IN ('QUEUED', 'RUNNING', 'APPROVED') FOR UPDATE",
      [tenantId],
    );
    await pause(between(random, 200, 600));
    await client.query('SELECT FROM audit_heads WHERE tenant_id = $1 FOR UPDATE', [tenantId]);
    await client.query('ROLLBACK');
  });
}

/** Transactions under way are broken off, again and again. */
async function postgresTerminate({ stack, random, say }: Scene): Promise<void> {
  say('transactions under way are broken off');
  await withPostgres(stack.postgres.superuserUrl, async (client) => {
    const end = performance.now() + between(random, 1_000, 2_500);
    while (performance.now() < end) {
      await client.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'chimera' AND xact_start IS NOT NULL",
      );
      await pause(between(random, 20, 200));
    }
  });
}

async function postgresSlow({ stack, random, say }: Scene): Promise<void> {
  const ms = Math.round(between(random, 50, 400));
  say(`PostgreSQL answers ${ms} ms late`);
  await forAWhile(
    stack.postgres.links,
    (link) => Promise.resolve(link.slow(ms)),
    between(random, 2_000, 4_000),
  );
}

async function postgresCut({ stack, random, say }: Scene): Promise<void> {
  say('some processes are cut off from PostgreSQL');
  await forAWhile(some(stack.postgres.links, random), (link) => link.cut(), between(random, 200, 2_500));
}

/** The commit is kept, and the process that sent it is not told. */
async function postgresAnswersLost({ stack, random, say }: Scene): Promise<void> {
  say('the answers of PostgreSQL to commits are lost');
  await forAWhile(
    stack.postgres.links,
    (link) => Promise.resolve(link.loseAnswers('COMMIT\0')),
    between(random, 300, 1_500),
  );
}

/** What can happen to the stores, and on the way to them. */
export const storeFaultsByName: Readonly<Record<StoreFault, Fault>> = {
  'redis-kill': redisKill,
  'redis-freeze': redisFreeze,
  'redis-full': redisFull,
  'redis-read-only': redisReadOnly,
  'redis-slow': redisSlow,
  'redis-cut': redisCut,
  'postgres-kill': postgresKill,
  'postgres-crash': postgresCrash,
  'postgres-freeze': postgresFreeze,
  'postgres-full': postgresFull,
  'postgres-disk-full': postgresDiskFull,
  'postgres-lock': postgresLock,
  'postgres-deadlock': postgresDeadlock,
  'postgres-terminate': postgresTerminate,
  'postgres-slow': postgresSlow,
  'postgres-cut': postgresCut,
  'postgres-answers-lost': postgresAnswersLost,
};

/** One of them, or all. */
function some(links: readonly Link[], random: Random): readonly Link[] {
  const [first, ...others] = links;
  if (!first || random() < 0.3) return links;
  return [oneOf(random, [first, ...others])];
}

async function withSetting(
  stack: Stack,
  spoilt: readonly [string, string],
  whole: readonly [string, string],
  ms: number,
): Promise<void> {
  await withRedis(stack, async (redis) => {
    await redis.config('SET', ...spoilt);
    await pause(ms);
    await redis.config('SET', ...whole);
  });
}

async function withRedis(stack: Stack, use: (redis: Redis) => Promise<void>): Promise<void> {
  const redis = new Redis(stack.redis.url);
  redis.on('error', () => undefined);
  try {
    await use(redis);
  } finally {
    redis.disconnect();
  }
}

async function withPostgres(url: string, use: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = quietClient(url);
  try {
    await client.connect();
    await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A connection that may break: whoever uses it is told, and nobody else. */
function quietClient(connectionString: string): pg.Client {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000, query_timeout: 15_000 });
  client.on('error', () => undefined);
  return client;
}
