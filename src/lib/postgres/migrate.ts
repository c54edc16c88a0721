import { runMigrations } from 'bullmq';
import pg from 'pg';
import { Foundation1795300000000 } from '../../../migrations/1795300000000-foundation.js';
import { Fleet1795400000000 } from '../../../migrations/1795400000000-fleet.js';
import { ExpectedRows1795500000000 } from '../../../migrations/1795500000000-expected-rows.js';
import { PolicyDrafts1795600000000 } from '../../../migrations/1795600000000-policy-drafts.js';
import { SetBasedGuards1795610000000 } from '../../../migrations/1795610000000-set-based-guards.js';
import { OpenTasks1795700000000 } from '../../../migrations/1795700000000-open-tasks.js';
import { ReceiptsAndCheckpoints1795900000000 } from '../../../migrations/1795900000000-receipts-and-checkpoints.js';
import { Doors1796000000000 } from '../../../migrations/1796000000000-doors.js';
import { TenantWalls1796100000000 } from '../../../migrations/1796100000000-tenant-walls.js';
import { ReplayedDecisions1796150000000 } from '../../../migrations/1796150000000-replayed-decisions.js';
import { CheckpointsMeet1796200000000 } from '../../../migrations/1796200000000-checkpoints-meet.js';
import { createDataSource, type Migrations } from './data-source.js';
import { ensureSessionRoles } from './session-roles.js';

/** Every migration, oldest first. */
const migrations: Migrations = [
  Foundation1795300000000,
  Fleet1795400000000,
  ExpectedRows1795500000000,
  PolicyDrafts1795600000000,
  SetBasedGuards1795610000000,
  OpenTasks1795700000000,
  ReceiptsAndCheckpoints1795900000000,
  Doors1796000000000,
  TenantWalls1796100000000,
  ReplayedDecisions1796150000000,
  CheckpointsMeet1796200000000,
];

/** BullMQ's tables lie in a schema of their own. */
export const queueSchema = 'bullmq';

/**
 * Brings the database to this version's schema: Chimera's tables, and the queue's for installations without Redis. Several
 * processes may call it at once; one does the work.
 *
 * @throws BootError when the roles that the server speaks as are missing, and its user may not make them
 */
export async function migrateDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // A server that goes away shows in the query under way: unheard here, it would end the process without a word.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`SELECT pg_advisory_lock(hashtextextended('chimera.migrations', 0))`);
    await ensureSessionRoles(client);
    const dataSource = await createDataSource(url, { migrations }).initialize();
    try {
      await dataSource.runMigrations();
    } finally {
      await dataSource.destroy();
    }
    await runMigrations(client, queueSchema);
  } finally {
    await client.end();
  }
}
