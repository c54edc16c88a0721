import type { KeyObject } from 'node:crypto';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { Config } from '../config.js';
import type { PayloadSeal } from '../lib/postgres/payload-seal.js';
import type { SessionLocks } from '../lib/postgres/session-locks.js';
import type { StatementPool } from '../lib/postgres/statement-pool.js';
import type { Tables } from '../lib/postgres/tables.js';
import type { TenantRows } from '../lib/postgres/tenant-rows.js';

/** Redis, as registry and queues need it: one connection shared by short commands, one to copy for those that block. */
export interface RedisConnections {
  readonly shared: Redis;
  readonly blocking: Redis;
}

/** What the application runs on. Opened before it and closed after it. */
export interface Resources {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly rows: TenantRows;
  readonly tables: Tables;
  readonly statements: StatementPool;
  readonly locks: SessionLocks;
  /** For queues on PostgreSQL; `undefined` with Redis. */
  readonly queuePool: pg.Pool | undefined;
  /** `undefined` without REDIS_URL. */
  readonly redis: RedisConnections | undefined;
  readonly adminKeyHash: string;
  /** Signs checkpoints and receipts. */
  readonly signingKey: KeyObject;
  readonly payloadSeal: PayloadSeal;
}
