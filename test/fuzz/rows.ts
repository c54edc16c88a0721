import pg from 'pg';

/** What stands for all rows of a database: a sum for each table. */
export type RowSums = Readonly<Record<string, string>>;

/**
 * Every row of every table, seen by what PostgreSQL writes anew whenever a row is written: its place and the transaction
 * that made it. So a row that is written with the values that it has counts as changed, and what is large need not be read.
 */
export class Rows {
  private constructor(
    private readonly client: pg.Client,
    private readonly statement: string,
  ) {}

  /** @param url As somebody whom row-level security does not hold. */
  static async open(url: string): Promise<Rows> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ name: string }>(
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    );
    const sums = rows.map(({ name }) => {
      const table = pg.escapeIdentifier(name);
      // When a key was last used is noted whatever its request was answered.
      const row =
        name === 'api_keys' ? "(to_jsonb(t) - 'last_used_at')::text" : "t.ctid::text || ' ' || t.xmin::text";
      const sum = `count(*) || ' ' || coalesce(sum(hashtextextended(${row}, 0)), 0)`;
      return `SELECT ${pg.escapeLiteral(name)} AS name, ${sum} AS sum FROM ${table} t`;
    });
    return new Rows(client, sums.join(' UNION ALL '));
  }

  async sums(): Promise<RowSums> {
    const { rows } = await this.client.query<{ name: string; sum: string }>(this.statement);
    return Object.fromEntries(rows.map(({ name, sum }) => [name, sum]));
  }

  /** Whether a backtest is under way, which writes its progress. */
  async areAwaited(): Promise<boolean> {
    const { rows } = await this.client.query(
      "SELECT FROM policy_backtests WHERE state IN ('QUEUED', 'RUNNING') LIMIT 1",
    );
    return rows.length > 0;
  }

  close(): Promise<void> {
    return this.client.end();
  }
}

/** The tables that are not as they were. */
export function changedTables(before: RowSums, after: RowSums): readonly string[] {
  return Object.keys(before).filter((name) => before[name] !== after[name]);
}
