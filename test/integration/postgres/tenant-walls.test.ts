import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { migrateDatabase } from '../../../src/lib/postgres/migrate.js';
import { schemas } from '../../../src/lib/postgres/schemas.js';
import { mustBeWalled, sessionRoles } from '../../../src/lib/postgres/session-roles.js';
import { TenantRows } from '../../../src/lib/postgres/tenant-rows.js';
import { createDataSource } from '../../../src/lib/postgres/data-source.js';
import { type Bench, type Desk, openBench, withoutGuards } from './bench.js';
import { aFullTenant, aTwinOf, parentsFirst, tenantTables } from './full-tenant.js';

/** What the server's statements do to rows, and no more. */
const rights: Readonly<Record<string, string>> = {
  tenants: 'INSERT, SELECT',
  api_keys: 'INSERT, SELECT, UPDATE',
  sessions: 'INSERT, SELECT, UPDATE',
  agents: 'INSERT, SELECT, UPDATE',
  tasks: 'INSERT, SELECT, UPDATE',
  results: 'INSERT, SELECT',
  review_cards: 'INSERT, SELECT, UPDATE',
  policies: 'INSERT, SELECT',
  policy_drafts: 'INSERT, SELECT, UPDATE',
  policy_backtests: 'INSERT, SELECT, UPDATE',
  shadow_verdicts: 'INSERT, SELECT',
  audit_events: 'INSERT, SELECT',
  audit_heads: 'INSERT, SELECT, UPDATE',
  audit_checkpoints: 'INSERT, SELECT',
  checkpoint_deliveries: 'INSERT, SELECT, UPDATE',
  approval_receipts: 'INSERT, SELECT',
  receipt_uses: 'INSERT, SELECT',
  receipt_rule: 'SELECT',
  fleet_brakes: 'INSERT, SELECT, UPDATE',
  registry_entries: 'DELETE, INSERT, SELECT, UPDATE',
  registry_capabilities: 'DELETE, INSERT, SELECT',
  admin_key: 'INSERT, SELECT',
};

const refused = { code: '42501' };

describe('the walls between tenants', () => {
  let bench: Bench;
  let desk: Desk;
  let tenantId: string;
  let twin: string;

  beforeAll(async () => {
    bench = await openBench();
    desk = await bench.open();
    tenantId = await aFullTenant(bench, desk);
    // What refuses is the walls, and not a guard that comes first.
    for (const { options } of schemas) await withoutGuards(bench.sql, options.name);
    twin = await aTwinOf(bench, tenantId, parentsFirst);
  });
  afterAll(() => bench.drop());

  /** What a session of the server gets, when it asks for the rows of these tenants. Nothing of it stays. */
  const asServer = async (sql: string, forTenants?: string, role: string = sessionRoles.app) => {
    await bench.sql.query('BEGIN');
    try {
      await bench.sql.query(`SELECT set_config('role', $1, true)`, [role]);
      if (forTenants !== undefined)
        await bench.sql.query(`SELECT set_config('chimera.tenants', $1, true)`, [forTenants]);
      return await bench.sql.query<Record<string, unknown>>(sql);
    } finally {
      await bench.sql.query('ROLLBACK');
    }
  };
  const count = async (table: string, forTenants?: string) =>
    Number((await asServer(`SELECT count(*) AS count FROM ${table}`, forTenants)).rows[0]?.['count']);

  it.each(tenantTables)(
    'show of %s the rows of the tenants that are asked for, and no others',
    async (table) => {
      const own = await count(table, tenantId);
      expect(own).toBeGreaterThan(0);
      expect(await count(table, twin)).toBe(own);
      expect(await count(table, `${tenantId},${twin}`)).toBe(2 * own);
      const { rows } = await asServer(`SELECT DISTINCT tenant_id FROM ${table}`, tenantId);
      expect(rows).toEqual([{ tenant_id: tenantId }]);
      expect(await count(table)).toBe(0);
      expect(await count(table, '')).toBe(0);
      expect(await count(table, 't_nobody')).toBe(0);
    },
  );

  it.each(tenantTables)("let nobody change, remove or make another tenant's rows of %s", async (table) => {
    const right = rights[table] ?? '';
    const change = asServer(
      `UPDATE ${table} SET tenant_id = tenant_id WHERE tenant_id = '${twin}'`,
      tenantId,
    );
    if (right.includes('UPDATE')) expect(await change).toMatchObject({ rowCount: 0 });
    else await expect(change).rejects.toMatchObject(refused);
    const give = asServer(`UPDATE ${table} SET tenant_id = 't_third'`, tenantId);
    await expect(give).rejects.toMatchObject(refused);
    const removal = asServer(`DELETE FROM ${table} WHERE tenant_id = '${twin}'`, tenantId);
    if (right.includes('DELETE')) expect(await removal).toMatchObject({ rowCount: 0 });
    else await expect(removal).rejects.toMatchObject(refused);
    const row = `(SELECT r FROM ${table} r LIMIT 1)`;
    const forged = `json_populate_record(${row}, json_build_object('tenant_id', '${twin}'))`;
    const insertion = asServer(`INSERT INTO ${table} SELECT (${forged}).*`, tenantId);
    await expect(insertion).rejects.toMatchObject(refused);
  });

  it('go up with each statement, whatever the one before it on the connection asked for, and whether it failed', async () => {
    const seen = (of: readonly string[]) =>
      desk.rows.of<{ tenant_id: string }>(of, 'SELECT DISTINCT tenant_id FROM tasks', []);
    for (let times = 0; times < 5; times += 1) {
      expect(await seen([tenantId])).toEqual([{ tenant_id: tenantId }]);
      await expect(desk.rows.of(tenantId, 'SELECT 1 / 0 FROM tasks', [])).rejects.toThrow();
      expect(await seen([])).toEqual([]);
      expect(await seen([twin])).toEqual([{ tenant_id: twin }]);
      await expect(desk.rows.of(twin, 'SELECT 1 / 0 FROM tasks', [])).rejects.toThrow();
      expect(await seen([tenantId, twin])).toHaveLength(2);
    }
  });

  it('let keys be looked up by their hashes, of all tenants, and nothing else', async () => {
    const { rows } = await bench.sql.query<{ hash: string }>(
      'SELECT key_hash AS hash FROM api_keys WHERE tenant_id = $1',
      [tenantId],
    );
    const [{ hash } = { hash: '' }] = rows;
    await expect(desk.records.liveKey(hash)).resolves.toMatchObject({ tenantId });
    await expect(desk.records.liveKey('unknown')).resolves.toBeUndefined();
    const asDoorkeeper = (sql: string) => asServer(sql, tenantId, sessionRoles.doorkeeper);
    expect((await asDoorkeeper('SELECT FROM api_keys')).rowCount).toBeGreaterThan(1);
    for (const table of tenantTables.filter((name) => name !== 'api_keys')) {
      await expect(asDoorkeeper(`SELECT FROM ${table}`)).rejects.toMatchObject(refused);
    }
    await expect(asDoorkeeper('UPDATE api_keys SET revoked_at = NULL')).rejects.toMatchObject(refused);
  });

  it('take no name of a tenant that would stand for two', async () => {
    await expect(desk.rows.of('t_a,t_b', 'SELECT 1', [])).rejects.toThrow('comma');
  });

  it('stand around every table that says whose its rows are', async () => {
    const { rows } = await bench.sql.query<{ name: string; walled: boolean; policies: string[] }>(
      `SELECT c.relname AS name, c.relrowsecurity AS walled,
              ARRAY(SELECT p.polname::text FROM pg_policy p WHERE p.polrelid = c.oid AND 'chimera_app'::regrole = ANY (p.polroles)
                    ORDER BY 1) AS policies
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1`,
    );
    expect(rows).toEqual(
      tenantTables.toSorted().map((name) => ({
        name,
        walled: true,
        policies: ['of_tenant'],
      })),
    );
  });

  it('leave the server no more rights than its statements need', async () => {
    const { rows } = await bench.sql.query<{ name: string; rights: string }>(
      `SELECT table_name AS name, string_agg(privilege_type, ', ' ORDER BY privilege_type) AS rights
       FROM information_schema.role_table_grants WHERE grantee = $1 AND table_schema = 'public' GROUP BY 1 ORDER BY 1`,
      [sessionRoles.app],
    );
    expect(Object.fromEntries(rows.map((row) => [row.name, row.rights]))).toEqual(rights);
    const roles = await bench.sql.query(
      `SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolcanlogin AS more,
              (SELECT count(*)::integer FROM pg_class c WHERE c.relowner = r.oid) AS owned
       FROM pg_roles r WHERE rolname LIKE 'chimera\\_%' ORDER BY 1`,
    );
    expect(roles.rows).toEqual([
      { rolname: 'chimera_app', more: false, owned: 0 },
      { rolname: 'chimera_doorkeeper', more: false, owned: 0 },
      { rolname: 'chimera_sweeper', more: false, owned: 0 },
    ]);
  });

  it.each([
    'TRUNCATE tasks',
    'CREATE TABLE loophole (id integer)',
    'ALTER TABLE tasks DISABLE ROW LEVEL SECURITY',
    'DROP POLICY of_tenant ON tasks',
    'DROP TABLE tasks',
    'ALTER TABLE audit_events DISABLE TRIGGER USER',
    'SELECT FROM migrations',
    `UPDATE audit_events SET payload = '{}'`,
    'DELETE FROM audit_events',
    `UPDATE approval_receipts SET operator_id = 'me'`,
    `UPDATE audit_checkpoints SET signature = 'mine'`,
    'DELETE FROM tasks',
  ])('do not let the server say %s', async (sql) => {
    await expect(asServer(sql, tenantId)).rejects.toMatchObject(refused);
    await expect(asServer(sql, tenantId, sessionRoles.sweeper)).rejects.toMatchObject(refused);
  });

  it.each([
    'SELECT input FROM tasks',
    'SELECT * FROM tasks',
    'SELECT output FROM results',
    'SELECT proposed_output FROM review_cards',
    'SELECT payload FROM audit_events',
    'SELECT facts FROM registry_entries',
    'SELECT key_hash FROM api_keys',
    `UPDATE tasks SET status = 'CANCELLED'`,
    `INSERT INTO audit_checkpoints SELECT * FROM audit_checkpoints`,
  ])('do not let a sweep say %s', async (sql) => {
    await expect(asServer(sql, undefined, sessionRoles.sweeper)).rejects.toMatchObject(refused);
  });

  it('stand whichever role the URL asks for, and leave its other settings', async () => {
    const url = new URL(bench.url);
    url.searchParams.set('options', '-c role=chimera -c work_mem=5MB');
    const rows = await TenantRows.open(url.href);
    const [session] = await rows.of<Record<string, unknown>>(
      tenantId,
      `SELECT current_user AS role, current_setting('work_mem') AS memory, current_setting('timezone') AS zone`,
      [],
    );
    await rows.close();
    expect(session).toEqual({ role: 'chimera_app', memory: '5MB', zone: 'UTC' });
  });

  it('are looked for at the start, and missed', async () => {
    const owner = await createDataSource(bench.url).initialize();
    await expect(mustBeWalled(owner)).rejects.toMatchObject({
      name: 'BootError',
      message: expect.stringContaining('row-level security does not hold chimera_app for agents, api_keys,'),
    });
    await owner.destroy();
  });
});

describe('the roles of sessions', () => {
  const plain = 'test_plain_user';
  let root: pg.Client;
  let url: URL;

  beforeAll(async () => {
    root = new pg.Client(process.env['TEST_SUPERUSER_URL']);
    await root.connect();
    await root.query(`CREATE ROLE ${plain} LOGIN PASSWORD '${plain}'`);
    await root.query(`CREATE DATABASE ${plain} OWNER ${plain} TEMPLATE template0`);
    url = new URL(process.env['TEST_SUPERUSER_URL'] ?? '');
    url.username = plain;
    url.password = plain;
    url.pathname = `/${plain}`;
  });
  afterAll(async () => {
    await root.query(`DROP DATABASE IF EXISTS ${plain} WITH (FORCE)`);
    await root.query(`DROP ROLE IF EXISTS ${plain}`);
    await root.end();
  });

  it('are asked for with the statements to run, when the user may not make them', async () => {
    const fault: unknown = await migrateDatabase(url.href).catch((error: unknown) => error);
    expect(fault).toMatchObject({
      name: 'BootError',
      message:
        'DATABASE_URL: its user may not make the roles that keep tenants apart. Have a superuser run, once for the server: CREATE ROLE chimera_app NOLOGIN; CREATE ROLE chimera_sweeper NOLOGIN; CREATE ROLE chimera_doorkeeper NOLOGIN; GRANT chimera_app, chimera_sweeper, chimera_doorkeeper TO test_plain_user;',
    });
    await root.query(`GRANT chimera_app, chimera_sweeper, chimera_doorkeeper TO ${plain}`);
    await expect(migrateDatabase(url.href)).resolves.toBeUndefined();
  });
});
