import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { Client } from 'pg';

/** A database that one test file has to itself. */
export interface TestDatabase {
  readonly url: string;
  /** Removes it, whoever is still connected. */
  drop(): Promise<void>;
}

/** A logical database of the shared Redis that one test file has to itself. */
export interface TestRedis {
  readonly url: string;
  /** Empties it. */
  drop(): Promise<void>;
}

/** The database that holds the migrated schema, from which `createDatabase` copies. */
export const templateDatabase = 'chimera_template';

/** Makes a new, migrated and empty database on the shared PostgreSQL. */
export async function createDatabase(): Promise<TestDatabase> {
  return copyDatabase(templateDatabase);
}

/** Makes a new database without a single table, for what tests the migrations themselves. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return copyDatabase('template0');
}

async function copyDatabase(template: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(sharedUrl('TEST_DATABASE_URL'));
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => drop(name) };
}

/** The server's own housekeeping may be at work in it, which only a superuser can end. */
function drop(name: string): Promise<void> {
  return administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`, sharedUrl('TEST_SUPERUSER_URL'));
}

async function administer(sql: string, url = sharedUrl('TEST_DATABASE_URL')): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Takes a logical database of the shared Redis that no other test has. Publish and subscribe ignore logical databases. */
export async function createRedis(): Promise<TestRedis> {
  const shared = sharedUrl('TEST_REDIS_URL');
  const number = await withRedis(shared, (redis) => redis.incr('last-database'));
  const url = `${shared}/${number}`;
  return {
    url,
    drop: async () => {
      await withRedis(url, (redis) => redis.flushdb());
    },
  };
}

async function withRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await use(redis);
  } finally {
    await redis.quit();
  }
}

function sharedUrl(name: 'TEST_DATABASE_URL' | 'TEST_SUPERUSER_URL' | 'TEST_REDIS_URL'): string {
  const url = process.env[name];
  if (url === undefined)
    throw new Error(`${name} is not set: tests run through Jest, whose global setup starts the servers.`);
  return url;
}
