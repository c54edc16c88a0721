import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { between, oneOf, type Random } from '../../demo/random.js';
import type { Link } from '../contract/link.js';
import { failpoints } from './failpoint-names.js';
import type { FaultName } from './fault-names.js';
import { type Api, leaseMs, type Stack } from './stack.js';

/** Where a fault happens. */
export interface Scene {
  readonly stack: Stack;
  readonly tenantId: string;
  readonly random: Random;
  /** Says what is being done, for the log. */
  say(words: string): void;
}

/** Breaks something for a while; resolves once it is whole again. */
export type Fault = (scene: Scene) => Promise<void>;

/** How a process is made to end for some time. */
async function apiKill({ stack, random, say }: Scene): Promise<void> {
  const api = anApi(stack, random);
  say(`${api.name} is killed`);
  await api.kill();
  await pause(between(random, 0, 1_500));
  await api.comeBack();
}

/** For longer than a lease lasts: it wakes up with answers that are no longer true. */
async function apiFreeze({ stack, random, say }: Scene): Promise<void> {
  const api = anApi(stack, random);
  const ms = leaseMs + between(random, 300, 1_500);
  say(`${api.name} is frozen for ${seconds(ms)}`);
  api.signal('SIGSTOP');
  try {
    await pause(ms);
  } finally {
    api.signal('SIGCONT');
  }
}

/** It is killed by itself at a named place of a flow. */
async function apiFailpoint({ stack, random, say }: Scene): Promise<void> {
  const api = anApi(stack, random);
  const name = oneOf(random, failpoints);
  const count = 1 + Math.floor(random() * 8);
  await api.kill();
  try {
    await api.start({ name, count });
  } catch {
    // The stores may be broken at the same time; then it comes back without.
    await api.comeBack();
    return;
  }
  const ended = await api.endedWithin(5_000);
  say(`${api.name} ${ended ? 'died at' : 'did not come by'} ${name}:${count}`);
  await api.kill();
  await api.comeBack();
}

async function apiRestart({ stack, random, say }: Scene): Promise<void> {
  const api = anApi(stack, random);
  say(`${api.name} is asked to stop, and started again`);
  await api.stop();
  await api.comeBack();
}

async function apiCut({ stack, random, say }: Scene): Promise<void> {
  const api = anApi(stack, random);
  say(`the clients are cut off from ${api.name}`);
  await forAWhile([api.link], (link) => link.cut(), between(random, 300, 1_500));
}

/** What was asked is done, and nobody is told. */
async function apiAnswersLost({ stack, random, say }: Scene): Promise<void> {
  const api = anApi(stack, random);
  say(`the answers of ${api.name} are lost`);
  await forAWhile(
    [api.link],
    (link) => {
      link.loseAnswers();
    },
    between(random, 300, 1_500),
  );
}

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
    (link) => {
      link.slow(500);
    },
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
    (link) => {
      link.slow(ms);
    },
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
    (link) => {
      link.loseAnswers('COMMIT\0');
    },
    between(random, 300, 1_500),
  );
}

export const faults: Readonly<Record<FaultName, Fault>> = {
  'api-kill': apiKill,
  'api-freeze': apiFreeze,
  'api-failpoint': apiFailpoint,
  'api-restart': apiRestart,
  'api-cut': apiCut,
  'api-answers-lost': apiAnswersLost,
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
  'postgres-lock': postgresLock,
  'postgres-deadlock': postgresDeadlock,
  'postgres-terminate': postgresTerminate,
  'postgres-slow': postgresSlow,
  'postgres-cut': postgresCut,
  'postgres-answers-lost': postgresAnswersLost,
};

function anApi({ apis }: Stack, random: Random): Api {
  const [first, ...others] = apis;
  if (!first) throw new Error('There is no API process.');
  return oneOf(random, [first, ...others]);
}

/** One of them, or all. */
function some(links: readonly Link[], random: Random): readonly Link[] {
  const [first, ...others] = links;
  if (!first || random() < 0.3) return links;
  return [oneOf(random, [first, ...others])];
}

async function forAWhile(
  links: readonly Link[],
  spoil: (link: Link) => Promise<void> | void,
  ms: number,
): Promise<void> {
  await Promise.all(links.map(spoil));
  try {
    await pause(ms);
  } finally {
    await Promise.all(links.map((link) => link.mend()));
  }
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

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
