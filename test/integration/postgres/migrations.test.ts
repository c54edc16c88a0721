import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createDataSource } from '../../../src/lib/postgres/data-source.js';
import { migrateDatabase } from '../../../src/lib/postgres/migrate.js';
import { createEmptyDatabase, type TestDatabase } from '../../support/servers.js';

describe('the migrations', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createEmptyDatabase();
  });
  afterEach(() => database.drop());

  /** Every definition in the database, and what of the migrations was done. */
  const snapshot = async () => {
    const client = new pg.Client(database.url);
    await client.connect();
    const { rows } = await client.query<{ line: string }>(
      `SELECT 'column ' || table_schema || '.' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS line
       FROM information_schema.columns WHERE table_schema IN ('public', 'bullmq')
       UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname IN ('public', 'bullmq')
       UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
       FROM pg_constraint WHERE connamespace IN ('public'::regnamespace, 'bullmq'::regnamespace)
       UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
       UNION ALL SELECT 'function ' || proname || ' ' || md5(prosrc) FROM pg_proc
       WHERE pronamespace IN ('public'::regnamespace, 'bullmq'::regnamespace)
       UNION ALL SELECT 'done ' || name FROM migrations
       ORDER BY line`,
    );
    await client.end();
    return rows.map(({ line }) => line);
  };

  it('make of an empty database exactly what the models say', async () => {
    await migrateDatabase(database.url);
    const dataSource = await createDataSource(database.url).initialize();
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    await dataSource.destroy();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it.each([
    ['tasks', 'task_id = $2', 'tasks_pkey'],
    ['tasks', 'idempotency_key = $2', 'tasks_idempotency'],
    ['results', 'result_id = $2', 'results_pkey'],
    ['results', 'lease_token = $2', 'results_lease'],
    ['review_cards', 'review_id = $2', 'review_cards_pkey'],
  ])('have a row of empty %s with %s found by the index that names it', async (table, condition, index) => {
    await migrateDatabase(database.url);
    const client = new pg.Client(database.url);
    await client.connect();
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (GENERIC_PLAN) SELECT * FROM ${table} WHERE tenant_id = $1 AND ${condition}`,
    );
    await client.end();
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain(` using ${index} `);
  });

  it('do nothing when they are run again', async () => {
    await migrateDatabase(database.url);
    const once = await snapshot();
    expect(once.filter((line) => line.startsWith('done '))).not.toEqual([]);
    await migrateDatabase(database.url);
    expect(await snapshot()).toEqual(once);
  });

  it('are done once by processes that start together', async () => {
    await Promise.all([1, 2, 3].map(() => migrateDatabase(database.url)));
    const together = await snapshot();
    await database.drop();
    database = await createEmptyDatabase();
    await migrateDatabase(database.url);
    expect(together).toEqual(await snapshot());
  });

  it('say which database cannot be reached', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    await expect(migrateDatabase(url.href)).rejects.toThrow('no_such_database');
  });
});
