import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Row-level security: a session of the server sees the rows of the tenants that its transaction names, and no others. The version
 * before may run on: it speaks as the owner of the tables, whom the policies do not bind. The roles are made before the migrations.
 */
export class TenantWalls1796100000000 implements MigrationInterface {
  readonly name = 'TenantWalls1796100000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(schemaUse);
    for (const [table, rights] of Object.entries(appRights)) {
      await queryRunner.query(`GRANT ${rights} ON ${table} TO chimera_app`);
    }
    for (const [table, rights] of Object.entries(sweeperRights)) {
      await queryRunner.query(`GRANT ${rights} ON ${table} TO chimera_sweeper`);
      await queryRunner.query(`CREATE POLICY due ON ${table} FOR SELECT TO chimera_sweeper USING (true)`);
    }
    for (const table of tenantTables) {
      await queryRunner.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
      await queryRunner.query(`CREATE POLICY of_tenant ON ${table} TO chimera_app USING (${ofTenant})`);
    }
    await queryRunner.query(furtherPolicies);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}

const schemaUse = /* sql */ `
DO $$
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO chimera_app, chimera_sweeper, chimera_doorkeeper', current_schema());
END $$;
`;

/**
 * The setting is in a subquery, so that it is read once a statement and not once a row. The condition is one that the planner takes
 * to be true of nearly all rows and enters no index by: statements say themselves whose rows they want, and are planned by that.
 */
const ofTenant = `array_position((SELECT string_to_array(current_setting('chimera.tenants', true), ','))::text[], tenant_id) IS NOT NULL`;

/** No more than the statements of the server need: what is never changed cannot be, and nothing can be emptied. */
const appRights = {
  tenants: 'SELECT, INSERT',
  api_keys: 'SELECT, INSERT, UPDATE',
  sessions: 'SELECT, INSERT, UPDATE',
  agents: 'SELECT, INSERT, UPDATE',
  tasks: 'SELECT, INSERT, UPDATE',
  results: 'SELECT, INSERT',
  review_cards: 'SELECT, INSERT, UPDATE',
  policies: 'SELECT, INSERT',
  policy_drafts: 'SELECT, INSERT, UPDATE',
  policy_backtests: 'SELECT, INSERT, UPDATE',
  shadow_verdicts: 'SELECT, INSERT',
  audit_events: 'SELECT, INSERT',
  audit_heads: 'SELECT, INSERT, UPDATE',
  audit_checkpoints: 'SELECT, INSERT',
  checkpoint_deliveries: 'SELECT, INSERT, UPDATE',
  approval_receipts: 'SELECT, INSERT',
  receipt_uses: 'SELECT, INSERT',
  receipt_rule: 'SELECT',
  fleet_brakes: 'SELECT, INSERT, UPDATE',
  registry_entries: 'SELECT, INSERT, UPDATE, DELETE',
  registry_capabilities: 'SELECT, INSERT, DELETE',
  admin_key: 'SELECT, INSERT',
};

/** Of all tenants, when something is due and what its name is: no input, no output, no card. */
const sweeperRights = {
  tasks: 'SELECT (tenant_id, task_id, session_id, kind, status, lease_expires_at, available_at, updated_at)',
  sessions: 'SELECT (tenant_id, session_id, state)',
  agents: 'SELECT',
  fleet_brakes: 'SELECT',
  review_cards: 'SELECT (tenant_id, review_id, status, due_at)',
  registry_entries: 'SELECT (tenant_id, last_seen, liveness)',
  policy_drafts: 'SELECT (tenant_id, draft_id, state, shadowed_at)',
  policy_backtests: 'SELECT (tenant_id, backtest_id, state, updated_at)',
  shadow_verdicts: 'SELECT (tenant_id, draft_id, result_id, judged_at), DELETE',
  audit_heads: 'SELECT (tenant_id, sequence, hash)',
  audit_events: 'SELECT (tenant_id, sequence, at)',
  audit_checkpoints: 'SELECT',
  checkpoint_deliveries: 'SELECT',
};

const tenantTables = Object.keys(appRights).filter((table) => !['admin_key', 'receipt_rule'].includes(table));

/** Whose a key is shows in its row alone, and the row has no more of it than a hash. Old verdicts of all tenants are swept away. */
const furtherPolicies = /* sql */ `
GRANT SELECT ON api_keys TO chimera_doorkeeper;
CREATE POLICY known ON api_keys FOR SELECT TO chimera_doorkeeper USING (true);
CREATE POLICY forgotten ON shadow_verdicts FOR DELETE TO chimera_sweeper USING (true);
`;
