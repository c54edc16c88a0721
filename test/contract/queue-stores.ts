import { createPostgresBackend, Worker } from 'bullmq';
import pg from 'pg';
import { postgresQueues, type QueueOpener, redisQueues } from '../../src/lib/bullmq/queues.js';
import { queueSchema } from '../../src/lib/postgres/migrate.js';
import { connectRedis, connectRedisForBlocking } from '../../src/lib/redis/connection.js';
import { createDatabase, createRedis } from '../support/servers.js';
import { type Link, openLink } from './link.js';

/** Where BullMQ keeps its jobs. */
export interface QueueStore {
  /** The way in that one process has. */
  open(): Promise<QueueOpener>;
  /** A way in over a link. */
  openOverLink(): Promise<{ readonly opener: QueueOpener; readonly link: Link }>;
  /** Takes a job out of the queue and does no more about it, as a process does that dies at that instant. Its id. */
  takeAndDie(name: string): Promise<string | undefined>;
  /** The data of every job there is, as text. */
  jobData(): Promise<readonly string[]>;
  drop(): Promise<void>;
}

/** For so long a job that was taken is nobody else's, in milliseconds. */
const lockDuration = 200;

/** The two stores, by name. */
export const queueStores: readonly (readonly [string, () => Promise<QueueStore>])[] = [
  ['PostgreSQL', postgresStore],
  ['Redis', redisStore],
];

const withoutListening: typeof createPostgresBackend = (name, options) =>
  createPostgresBackend(name, options);

/** Jobs on PostgreSQL. */
export async function postgresStore(): Promise<QueueStore> {
  const database = await createDatabase();
  const pools: pg.Pool[] = [];
  const links: Link[] = [];
  const open = (url: string) => {
    const options = `-c search_path=${queueSchema}`;
    const pool = new pg.Pool({ connectionString: url, max: 10, options });
    pool.setMaxListeners(0);
    pool.on('connect', (client) => client.on('error', () => undefined));
    pools.push(pool);
    return postgresQueues(pool);
  };
  return {
    open: () => Promise.resolve(open(database.url)),
    async openOverLink() {
      const link = await openLink(database.url);
      links.push(link);
      return { opener: open(link.url), link };
    },
    async takeAndDie(name) {
      const options = { connection: database.url, autorun: false, lockDuration };
      const worker = new Worker(name, null, options, withoutListening);
      const job = await worker.getNextJob('a process that dies', { block: false });
      await worker.close();
      return job.id;
    },
    async jobData() {
      const client = new pg.Client(database.url);
      await client.connect();
      const { rows } = await client.query<{ data: string }>(
        `SELECT data::text AS data FROM ${queueSchema}.job`,
      );
      await client.end();
      return rows.map(({ data }) => data);
    },
    async drop() {
      await Promise.all(links.map((link) => link.close()));
      await Promise.all(pools.map((pool) => pool.end()));
      await database.drop();
    },
  };
}

async function redisStore(): Promise<QueueStore> {
  const redis = await createRedis();
  const connected: { disconnect(): void }[] = [];
  const links: Link[] = [];
  const connection = connectRedisForBlocking(redis.url);
  const connect = async (url: string) => {
    const shared = await connectRedis(url);
    const blocking = connectRedisForBlocking(url);
    connected.push(shared, blocking);
    return redisQueues(shared, blocking);
  };
  connected.push(connection);
  return {
    open: () => connect(redis.url),
    async openOverLink() {
      const link = await openLink(redis.url);
      links.push(link);
      return { opener: await connect(link.url), link };
    },
    async takeAndDie(name) {
      const worker = new Worker(name, null, { connection, prefix: 'chimera', autorun: false, lockDuration });
      const job = await worker.getNextJob('a process that dies', { block: false });
      await worker.close();
      return job.id;
    },
    async jobData() {
      const data: string[] = [];
      for (const key of await connection.keys('chimera:*')) {
        if ((await connection.type(key)) !== 'hash') continue;
        const job = await connection.hget(key, 'data');
        if (job !== null) data.push(job);
      }
      return data;
    },
    async drop() {
      for (const one of connected) one.disconnect();
      await Promise.all(links.map((link) => link.close()));
      await redis.drop();
    },
  };
}
