import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { Batcher } from '../../../src/lib/batcher.js';
import { createDataSource } from '../../../src/lib/postgres/data-source.js';
import { migrateDatabase } from '../../../src/lib/postgres/migrate.js';
import { PostgresLedger } from '../../../src/lib/postgres/postgres-ledger.js';
import { ofTenants } from '../../../src/lib/postgres/scope.js';
import { sessionRoles } from '../../../src/lib/postgres/session-roles.js';
import { StatementPool } from '../../../src/lib/postgres/statement-pool.js';
import { PayloadSeal } from '../../../src/lib/postgres/payload-seal.js';
import { type Tables, tablesOf } from '../../../src/lib/postgres/tables.js';
import { type AuditEntry, genesisHash, systemActor } from '../../../src/models/audit.js';
import { defaultPolicy } from '../../../src/models/policy.js';
import { SignalPort } from '../../../src/ports/signals.js';
import type { Figures } from '../statistics.js';

export interface AuditAppends {
  /** An empty database. */
  readonly url: string;
  /** How many append at once. Each goes on as soon as its event is on the disk. */
  readonly callers: number;
  readonly seconds: number;
}

const tenantId = 't_bench';
const entry: AuditEntry = {
  type: 'task.running',
  actor: { type: 'AGENT', id: 'writer-1' },
  taskId: randomUUID(),
  agentId: 'writer-1',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  payload: { stage: 'PROPOSE', attempt: 1 },
};

class NoSignals extends SignalPort {
  publish(): void {
    return;
  }

  subscribe(): () => void {
    return () => undefined;
  }
}

/** Units of work of one tenant that each put one event on its chain. Figures: `perSecond`, `errors`. */
export function chainedAppends(order: AuditAppends): Promise<Figures> {
  return onTables(order, async (statements, tables) => {
    const ledger = new PostgresLedger(statements, tables, new NoSignals());
    await ledger.createTenant({ tenantId, name: null }, defaultPolicy, systemActor);
    const append = () => ledger.transact({ tenantId, needs: {}, decide: (view) => view.record(entry) });
    return appending(order, append);
  });
}

/**
 * The same rows, indexes and size of batches, in a table without a chain, a lock on its end, or an order. A batch goes as soon as
 * the one before is on the disk.
 */
export function plainAppends(order: AuditAppends): Promise<Figures> {
  return onTables(order, async (statements, tables) => {
    await makePlainTable(order.url);
    const insert = {
      name: 'insert-plain',
      text: tables.audit.insert.text.replace('audit_events', 'plain_events'),
    };
    const batcher = new Batcher<object, undefined>(
      async (rows) => {
        await statements.transaction(ofTenants([tenantId]), (sender) =>
          Promise.resolve({ value: undefined, write: () => [sender.send(insert, [JSON.stringify(rows)])] }),
        );
        return rows.map(() => ({ value: undefined }));
      },
      { store: 'database', maxBatch: 256, maxWaiting: 10_000 },
    );
    let sequence = Date.now() * 1_000;
    const append = () => {
      sequence += 1;
      const { actor, ...rest } = entry;
      return batcher.submit({
        ...rest,
        tenantId,
        sequence,
        eventId: randomUUID(),
        at: new Date(),
        actorType: actor.type,
        actorId: actor.id,
        previousHash: genesisHash,
        hash: genesisHash,
      });
    };
    return appending(order, append);
  });
}

/** The server's sessions may not make tables. */
async function makePlainTable(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('CREATE TABLE IF NOT EXISTS plain_events (LIKE audit_events INCLUDING ALL)');
    await client.query(`GRANT INSERT ON plain_events TO ${sessionRoles.app}`);
  } finally {
    await client.end();
  }
}

async function onTables(
  { url }: AuditAppends,
  work: (statements: StatementPool, tables: Tables) => Promise<Figures>,
): Promise<Figures> {
  await migrateDatabase(url);
  const dataSource = await createDataSource(url).initialize();
  const statements = new StatementPool(url);
  try {
    return await work(statements, tablesOf(dataSource, new PayloadSeal([])));
  } finally {
    await statements.close();
    await dataSource.destroy();
  }
}

async function appending(
  { callers, seconds }: AuditAppends,
  append: () => Promise<unknown>,
): Promise<Figures> {
  const begun = performance.now();
  const end = begun + seconds * 1_000;
  let [appended, errors] = [0, 0];
  const caller = async () => {
    while (performance.now() < end) {
      try {
        await append();
        appended += 1;
      } catch {
        errors += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { perSecond: (appended * 1_000) / (performance.now() - begun), errors };
}
