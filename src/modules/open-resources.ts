import type { KeyObject } from 'node:crypto';
import pg from 'pg';
import type { Config } from '../config.js';
import { startEmbeddedPostgres } from '../lib/embedded-postgres.js';
import { ensureAdminKey } from '../lib/postgres/admin-key.js';
import { migrateDatabase, queueSchema } from '../lib/postgres/migrate.js';
import { PayloadSeal } from '../lib/postgres/payload-seal.js';
import { SessionLocks } from '../lib/postgres/session-locks.js';
import { StatementPool } from '../lib/postgres/statement-pool.js';
import { tablesOf } from '../lib/postgres/tables.js';
import { TenantRows } from '../lib/postgres/tenant-rows.js';
import { ensurePayloadKeyFile } from '../lib/payload-key-file.js';
import { ensureSigningKeyFile } from '../lib/signing-key-file.js';
import { connectRedis, connectRedisForBlocking } from '../lib/redis/connection.js';
import { newApiKeyText } from '../models/api-key-text.js';
import { BootError } from '../models/boot-error.js';
import { payloadKeyFrom } from '../models/payload-keys.js';
import { privateKeyFrom } from '../models/signing-key.js';
import { mustBeFree } from './listening.js';
import type { RedisConnections, Resources } from './resources.js';

/** What was opened, and how to end the database that this process started, if it did. */
export interface OpenedResources {
  readonly resources: Resources;
  readonly madeAdminKey: string | undefined;
  readonly stopDatabase: () => Promise<void>;
}

/** Connections that BullMQ may use on PostgreSQL: three workers listen on one each. */
const queuePoolSize = 10;

/** @throws BootError that names the setting to look at */
export async function openResources(config: Config): Promise<OpenedResources> {
  await mustBeFree(config);
  const undo: (() => unknown)[] = [];
  try {
    // Before the admin's key, which is shown once, and only if nothing fails after it was made.
    const signingKey = await openSigningKey(config);
    const payloadSeal = await openPayloadSeal(config);
    const redis = config.redisUrl === undefined ? undefined : await openRedis(config.redisUrl);
    if (redis) undo.push(() => closeRedis(redis));
    const database = await openDatabase(config);
    undo.push(() => database.stop());
    const rows = await openRows(database.url);
    undo.push(() => rows.close());
    const admin = await ensureAdminKey(rows, config.adminKey, newApiKeyText);
    // None connects before it is asked for something, and nothing that may fail comes after them.
    const statements = new StatementPool(database.url);
    const locks = new SessionLocks(database.url);
    const queuePool = redis ? undefined : openQueuePool(database.url);
    const tables = tablesOf(rows.models, payloadSeal);
    const places = {
      config,
      databaseUrl: database.url,
      adminKeyHash: admin.keyHash,
      signingKey,
      payloadSeal,
    };
    return {
      resources: { ...places, rows, tables, statements, locks, queuePool, redis },
      madeAdminKey: admin.made,
      stopDatabase: () => database.stop(),
    };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

export async function closeResources(resources: Resources): Promise<void> {
  const { rows, statements, locks, queuePool, redis } = resources;
  if (redis) closeRedis(redis);
  await queuePool?.end();
  await statements.close();
  await locks.close();
  await rows.close();
}

async function openRedis(url: string): Promise<RedisConnections> {
  try {
    return { shared: await connectRedis(url), blocking: connectRedisForBlocking(url) };
  } catch (error) {
    throw new BootError(`REDIS_URL: Redis at ${placeOf(url)} cannot be used (${reasonOf(error)}).`, {
      cause: error,
    });
  }
}

function closeRedis({ shared, blocking }: RedisConnections): void {
  shared.disconnect();
  blocking.disconnect();
}

async function openDatabase({ databaseUrl, dataDir }: Config) {
  if (databaseUrl === undefined) return startEmbeddedPostgres({ dataDir });
  return { url: databaseUrl, stop: () => Promise.resolve() };
}

async function openSigningKey({ auditSigningKey, dataDir }: Config): Promise<KeyObject> {
  return auditSigningKey === undefined ? ensureSigningKeyFile(dataDir) : privateKeyFrom(auditSigningKey);
}

/** The keys that are set; with the embedded database also the one beside it, which its first rows may be under. */
async function openPayloadSeal({ payloadKeys, databaseUrl, dataDir }: Config): Promise<PayloadSeal> {
  const given = payloadKeys.map(payloadKeyFrom);
  return new PayloadSeal(databaseUrl === undefined ? [...given, await ensurePayloadKeyFile(dataDir)] : given);
}

async function openRows(url: string): Promise<TenantRows> {
  try {
    await migrateDatabase(url);
    return await TenantRows.open(url);
  } catch (error) {
    if (error instanceof BootError) throw error;
    throw new BootError(
      `DATABASE_URL: the database at ${placeOf(url)} cannot be used (${reasonOf(error)}).`,
      { cause: error },
    );
  }
}

function openQueuePool(url: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: queuePoolSize,
    application_name: 'chimera queues',
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    options: `-c search_path=${queueSchema}`,
  });
  // Each open queue listens to the pool's errors.
  pool.setMaxListeners(0);
  // Nobody else listens to a client that is lent out, as those that wait for jobs are for good.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** Host, port and name, without user and password. */
function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message || error.name;
}
