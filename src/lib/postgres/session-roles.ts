import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { BootError } from '../../models/boot-error.js';

/**
 * Whose rights sessions have. None of them owns a table: `app` sees the rows that its transaction is for, `sweeper` sees when
 * something is due, of every tenant, and none of what was handed in; `doorkeeper` sees keys, before it is known whose they are.
 */
export const sessionRoles = {
  app: 'chimera_app',
  sweeper: 'chimera_sweeper',
  doorkeeper: 'chimera_doorkeeper',
} as const;
export type SessionRole = (typeof sessionRoles)[keyof typeof sessionRoles];

/**
 * Sees to it that the client's user may speak as each of the roles. They belong to the server and not to a database, so whatever
 * runs beside this on the same server may be making them too.
 *
 * @throws BootError with the statements for somebody who may, when the user may not
 */
export async function ensureSessionRoles(client: pg.Client): Promise<void> {
  for (const role of Object.values(sessionRoles)) {
    if (await maySpeakAs(client, role)) continue;
    try {
      await make(client, role);
    } catch (error) {
      if (!(await maySpeakAs(client, role))) throw await missing(client, error);
    }
  }
}

/**
 * @throws BootError when the session's user is under no row-level security for a table that has rows of tenants: the role was
 * given more than it is to have
 */
export async function mustBeWalled(dataSource: DataSource): Promise<void> {
  const open: readonly { readonly name: string }[] = await dataSource.query(openTables);
  if (open.length === 0) return;
  throw new BootError(
    `DATABASE_URL: row-level security does not hold ${sessionRoles.app} for ${open.map(({ name }) => name).join(', ')}: take SUPERUSER, BYPASSRLS and the ownership of tables away from it.`,
  );
}

/** The tables with rows of tenants that the session's user would see all rows of. */
const openTables = `SELECT c.relname AS name FROM pg_class c
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT row_security_active(c.oid)
    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
  ORDER BY c.relname`;

/** For one statement. */
async function maySpeakAs(client: pg.Client, role: SessionRole): Promise<boolean> {
  return client.query(`SELECT set_config('role', $1, true)`, [role]).then(
    () => true,
    () => false,
  );
}

async function make(client: pg.Client, role: SessionRole): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
  // Together, so that whoever waits for the one finds the other done as well.
  await client.query('BEGIN');
  try {
    if (rowCount === 0) await client.query(`CREATE ROLE ${role} NOLOGIN`);
    await client.query(`GRANT ${role} TO CURRENT_USER`);
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
  await client.query('COMMIT');
}

async function missing(client: pg.Client, cause: unknown): Promise<BootError> {
  const { rows } = await client.query<{ user: string }>('SELECT quote_ident(current_user) AS user');
  const names = Object.values(sessionRoles);
  const made = names.map((name) => `CREATE ROLE ${name} NOLOGIN;`).join(' ');
  return new BootError(
    `DATABASE_URL: its user may not make the roles that keep tenants apart. Have a superuser run, once for the server: ${made} GRANT ${names.join(', ')} TO ${rows[0]?.user ?? 'that user'};`,
    { cause },
  );
}
