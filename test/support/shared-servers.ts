import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../src/lib/embedded-postgres.js';
import { superuser } from '../../src/lib/embedded-postgres/cluster.js';
import { migrateDatabase } from '../../src/lib/postgres/migrate.js';
import { startRedis } from './redis-server.js';
import { templateDatabase } from './servers.js';

const undo: (() => Promise<void>)[] = [];

/** Starts the one PostgreSQL and the one Redis that all tests share, and tells the workers where they are. */
export async function startSharedServers(): Promise<void> {
  process.once('SIGINT', () => void stopSharedServers().finally(() => process.exit(130)));
  process.once('SIGTERM', () => void stopSharedServers().finally(() => process.exit(143)));
  try {
    await Promise.all([startSharedPostgres(), startSharedRedis()]);
  } catch (error) {
    await stopSharedServers();
    throw error;
  }
}

/** Stops what `startSharedServers` has started, also when that got only half way. */
export async function stopSharedServers(): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}

async function startSharedRedis(): Promise<void> {
  const redis = await startRedis();
  undo.push(() => redis.stop());
  process.env['TEST_REDIS_URL'] = redis.url;
}

/** Its data dies with the run, so nothing waits for the disk. */
async function startSharedPostgres(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'chimera-test-'));
  undo.push(() => rm(dataDir, { recursive: true, force: true }));
  await chmod(dataDir, 0o711);
  const settings = {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '400',
  };
  const postgres = await startEmbeddedPostgres({ dataDir, settings });
  undo.push(() => postgres.stop());
  await createTemplate(postgres.url);
  process.env['TEST_DATABASE_URL'] = postgres.url;
  const url = new URL(postgres.url);
  url.username = superuser;
  process.env['TEST_SUPERUSER_URL'] = url.href;
}

async function createTemplate(serverUrl: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(`CREATE DATABASE ${templateDatabase}`);
  await client.end();
  const url = new URL(serverUrl);
  url.pathname = `/${templateDatabase}`;
  await migrateDatabase(url.href);
}
