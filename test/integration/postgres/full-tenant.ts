import { schemas } from '../../../src/lib/postgres/schemas.js';
import { anAgent, anApiKey, aSession } from '../../unit/models/factories.js';
import { aTenant, approved, type Bench, claimed, type Desk, held, keep, queued } from './bench.js';

/** All but those with rows of no tenant. */
export const tenantTables = schemas
  .map(({ options }) => options.name)
  .filter((name) => !['admin_key', 'receipt_rule'].includes(name));

/** The same in an order that their foreign keys allow. */
export const parentsFirst = [
  ...new Set([
    ...[
      'tenants',
      'audit_heads',
      'policies',
      'policy_backtests',
      'policy_drafts',
      'sessions',
      'tasks',
      'results',
    ],
    ...['review_cards', 'approval_receipts', 'audit_events', 'audit_checkpoints'],
    ...tenantTables,
  ]),
];

/** A new tenant with rows in each table that has rows of tenants. Returns its id. */
export async function aFullTenant({ sql }: Bench, { ledger }: Desk): Promise<string> {
  const tenantId = await aTenant(ledger);
  await keep(ledger, 'session', [aSession({ tenantId })]);
  await keep(ledger, 'agent', [anAgent({ tenantId })]);
  await keep(ledger, 'apiKey', [anApiKey({ tenantId })]);
  await held(ledger, { tenantId });
  await approved(ledger, { tenantId });
  await claimed(ledger, await queued(ledger, { tenantId }));
  await sql.query(
    `INSERT INTO registry_entries (tenant_id, agent_id, facts, status, last_seen, liveness) VALUES ($1, 'a', '{"capabilities": ["x"]}', 'IDLE', now(), 'PRESENT')`,
    [tenantId],
  );
  await sql.query(`INSERT INTO fleet_brakes VALUES ($1, now(), now(), 3, 4, 1)`, [tenantId]);
  await sql.query(
    `WITH draft AS (
       INSERT INTO policy_drafts (tenant_id, draft_id, rules, rules_digest, state, created_at, created_by, version)
       VALUES ($1, gen_random_uuid(), '{}', 'x', 'DRAFT', now(), 'somebody', 1) RETURNING draft_id
     ), backtest AS (
       INSERT INTO policy_backtests (tenant_id, backtest_id, rules, rules_digest, base_version, from_at, to_at, state, done,
                                     created_at, created_by, updated_at, version)
       VALUES ($1, gen_random_uuid(), '{}', 'x', 1, now(), now(), 'QUEUED', 0, now(), 'somebody', now(), 1)
     )
     INSERT INTO shadow_verdicts (tenant_id, draft_id, result_id, task_id, kind, live, shadow, detectors, judged_at)
     SELECT $1, draft_id, gen_random_uuid(), gen_random_uuid(), 'k', 'HITL', 'APPROVE', '{}', now() FROM draft`,
    [tenantId],
  );
  await sql.query(
    `INSERT INTO audit_checkpoints VALUES ($1, 1, 'x', 'sha256:' || repeat('0', 64), now(), 'x', 'x', 'x')`,
    [tenantId],
  );
  await sql.query(`INSERT INTO checkpoint_deliveries VALUES ($1, 'file', 1, now())`, [tenantId]);
  await sql.query(
    `INSERT INTO receipt_uses SELECT tenant_id, review_id, task_id, result_id, now() FROM approval_receipts WHERE tenant_id = $1`,
    [tenantId],
  );
  return tenantId;
}

/**
 * A tenant with the same rows under the same ids, so that a statement which does not say whose rows it wants gets both. Keys alone
 * have other hashes, of which there is one each.
 */
export async function aTwinOf({ sql }: Bench, tenantId: string, tables: readonly string[]): Promise<string> {
  const twin = `${tenantId}_twin`;
  for (const table of tables) {
    const { rows } = await sql.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
       ORDER BY attnum`,
      [table],
    );
    const columns = rows.map(({ name }) => `"${name}"`);
    const values = columns.map((column) => {
      if (column === '"tenant_id"') return '$2';
      return column === '"key_hash"' ? `key_hash || '-twin'` : column;
    });
    await sql.query(
      `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${values.join(', ')} FROM ${table} WHERE tenant_id = $1
       ON CONFLICT DO NOTHING`,
      [tenantId, twin],
    );
  }
  return twin;
}
