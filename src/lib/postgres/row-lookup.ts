import { Batcher, type Outcome } from '../batcher.js';
import { unlessAway } from './faults.js';
import type { RowTable } from './row-table.js';
import { ofTenants } from './scope.js';
import type { Statement, StatementPool } from './statement-pool.js';

interface Ref {
  readonly tenantId: string;
  readonly id: string;
}

/** What names a row within its tenant. */
interface Key<T> {
  /** A column of UUIDs. */
  readonly column: string;
  readonly of: (row: T) => string;
}

/** Of reads that share a statement with those that arrive together. */
export const sharedReads = { store: 'database', maxBatch: 500, maxWaiting: 20_000, gapMs: 1 } as const;

/** Single rows of one table, asked for by many at once: those that ask together share one prepared statement. */
export class RowLookup<T extends { readonly tenantId: string }> {
  private readonly statement: Statement;
  private readonly batcher = new Batcher<Ref, T | undefined>((refs) => this.rowsOf(refs), sharedReads);

  constructor(
    private readonly statements: StatementPool,
    private readonly table: RowTable,
    private readonly key: Key<T>,
  ) {
    this.statement = {
      name: `${table.name}-seen`,
      text: `SELECT ${table.select('t')}
        FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::uuid[])) AS w(tenant_id, ${key.column})
        JOIN ${table.name} t USING (tenant_id, ${key.column})`,
    };
  }

  of(tenantId: string, id: string): Promise<T | undefined> {
    return this.batcher.submit({ tenantId, id });
  }

  private async rowsOf(refs: readonly Ref[]): Promise<readonly Outcome<T | undefined>[]> {
    const tenantIds = refs.map(({ tenantId }) => tenantId);
    const scope = ofTenants([...new Set(tenantIds)]);
    const values = [tenantIds, refs.map(({ id }) => id)];
    const rows = await unlessAway(this.statements.query<T>(scope, this.statement, values));
    const byRef = new Map(rows.map((row) => [`${row.tenantId} ${this.key.of(row)}`, row]));
    return refs.map(({ tenantId, id }) => this.opened(byRef.get(`${tenantId} ${id}`)));
  }

  /** A row that cannot be read fails alone, and not those that were asked for along with it. */
  private opened(row: T | undefined): Outcome<T | undefined> {
    try {
      return { value: row && this.table.opened([row])[0] };
    } catch (error) {
      return { error };
    }
  }
}
