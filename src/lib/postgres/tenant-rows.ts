import type { DataSource, QueryRunner } from 'typeorm';
import { createDataSource } from './data-source.js';
import { toCallerError } from './faults.js';
import { inForce, ofTenants, type Scope } from './scope.js';
import { mustBeWalled, sessionRoles } from './session-roles.js';

/** Sweeps run one after the other and ask little. */
const sweeperConnections = 3;

/**
 * The way to rows, of one tenant or of several at a time: the database shows a statement only the rows of the tenants that it is
 * asked for, whether or not it says so itself. What is due is looked for across tenants, with the rights of another role.
 */
export class TenantRows {
  private constructor(
    /** Knows how models lie in tables. What is asked over it directly sees no tenant's rows. */
    readonly dataSource: DataSource,
    private readonly sweeper: DataSource,
  ) {}

  /** @throws BootError when the database would show more than that */
  static async open(url: string): Promise<TenantRows> {
    const dataSource = createDataSource(url, { role: sessionRoles.app });
    const sweeper = createDataSource(url, { role: sessionRoles.sweeper, connections: sweeperConnections });
    const rows = new TenantRows(dataSource, sweeper);
    try {
      await dataSource.initialize();
      await mustBeWalled(dataSource);
      await sweeper.initialize();
      return rows;
    } catch (error) {
      await rows.close();
      throw error;
    }
  }

  /** Runs a statement on the rows of these tenants. One that returns none gives those of `RETURNING`. */
  async of<T>(
    tenantIds: string | readonly string[],
    sql: string,
    parameters: readonly unknown[],
  ): Promise<readonly T[]> {
    const scope = ofTenants(typeof tenantIds === 'string' ? [tenantIds] : tenantIds);
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.connect();
      return (await inTransaction(runner, scope, sql, parameters)) as readonly T[];
    } catch (error) {
      throw toCallerError(error);
    } finally {
      await runner.release();
    }
  }

  /** Runs a statement of a sweep, which spans tenants. */
  async ofAll<T>(sql: string, parameters: readonly unknown[]): Promise<readonly T[]> {
    try {
      return rowsIn(await this.sweeper.query(sql, [...parameters])) as readonly T[];
    } catch (error) {
      throw toCallerError(error);
    }
  }

  async close(): Promise<void> {
    for (const source of [this.dataSource, this.sweeper]) if (source.isInitialized) await source.destroy();
  }
}

/**
 * All of it in one round trip. The setting goes with the transaction, so that whoever has the connection next sees nothing until it
 * has said what for; a transaction in which something failed is rolled back by its commit.
 */
async function inTransaction(
  runner: QueryRunner,
  scope: Scope,
  sql: string,
  parameters: readonly unknown[],
): Promise<readonly unknown[]> {
  const [setting, values] = inForce(scope, 'transaction ends');
  const sent: readonly Promise<unknown>[] = [
    runner.query('BEGIN'),
    runner.query(setting.text, [...values]),
    runner.query(sql, [...parameters]),
    runner.query('COMMIT'),
  ];
  const settled = await Promise.allSettled(sent);
  for (const one of settled) if (one.status === 'rejected') throw one.reason;
  return rowsIn(await sent[2]);
}

/** TypeORM answers an UPDATE or a DELETE with its rows and their number. */
function rowsIn(answer: unknown): readonly unknown[] {
  const parts = Array.isArray(answer) ? (answer as readonly unknown[]) : [];
  const [rows, count] = parts;
  return Array.isArray(rows) && typeof count === 'number' ? rows : parts;
}
