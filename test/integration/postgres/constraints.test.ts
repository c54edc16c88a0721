import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { schemas } from '../../../src/lib/postgres/schemas.js';
import { type Bench, type Desk, openBench, withoutGuards } from './bench.js';
import { aFullTenant } from './full-tenant.js';

/** One change that breaks the constraint and, where one change can, no other. `where` picks the row that it is tried on. */
const violations: Readonly<Record<string, { readonly set: string; readonly where?: string } | string>> = {
  api_keys_role: `role = 'ADMIN'`,
  sessions_state: `state = 'OPEN'`,
  agents_role: `role = 'BOSS'`,
  tasks_status_known: `status = 'LOST', lease_token = NULL`,
  tasks_stage_known: `stage = 'DREAM'`,
  tasks_on_approval_known: `on_approval = 'FORGET'`,
  tasks_priority_range: 'priority = -1',
  tasks_attempts: 'attempts_used = max_attempts + 1',
  tasks_waiting_stage: { set: `stage = 'PROPOSE'`, where: `status = 'APPROVED'` },
  tasks_lease_while_running: { set: 'lease_token = NULL', where: `status = 'RUNNING'` },
  tasks_completed_when_final: 'completed_at = now()',
  tasks_success_has_result: {
    set: `status = 'SUCCEEDED', lease_token = NULL, lease_expires_at = NULL, completed_at = now(), result_id = NULL`,
    where: `status = 'RUNNING'`,
  },
  tasks_review_has_card: { set: 'review_id = NULL', where: `status = 'NEEDS_REVIEW'` },
  results_confidence_range: 'confidence = 1.01',
  results_judged: 'decision = NULL',
  review_cards_status_known: `status = 'MAYBE', resolution_at = now()`,
  review_cards_resolved: 'resolution_at = now()',
  review_cards_decided_by: `status = 'REJECTED', resolution_at = now()`,
  review_cards_not_by_proposer: { set: 'proposed_by = operator_id', where: `status = 'APPROVED'` },
  review_cards_edit_is_approved: 'edited = true',
  policies_version_positive: 'version = 0',
  audit_events_sequence_positive: 'sequence = 0',
  admin_key_one_row: '"only" = false',
  registry_entries_status: `status = 'OFFLINE'`,
  registry_entries_liveness: `liveness = 'DEAD'`,
  fleet_brakes_grace: 'releases_at = NULL',
  policy_drafts_state_known: `state = 'LOST'`,
  policy_drafts_shadowed: `state = 'SHADOW'`,
  policy_drafts_proposed: `proposed_by = 'somebody'`,
  policy_drafts_four_eyes: `approved_by = 'somebody'`,
  policy_drafts_replayed: 'replayed = 3',
  policy_drafts_looser_approved: `state = 'LIVE', policy_version = 1, closed_at = now()`,
  policy_drafts_live: 'policy_version = 1',
  policy_drafts_closed: 'closed_at = now()',
  policy_backtests_state_known: `state = 'LOST'`,
  policy_backtests_finished: 'finished_at = now()',
  policy_backtests_done_has_report: `report = '{}'`,
  shadow_verdicts_outcomes: `live = 'MAYBE'`,
  audit_checkpoints_sequence_positive: 'sequence = 0',
  receipt_rule_one_row: '"only" = false',
};

/** What makes an orphan of a row whose parent is not its tenant. */
const orphans: Readonly<Record<string, string>> = {
  api_keys_holder: 'holder_id = gen_random_uuid()',
  tasks_of_session: 'session_id = gen_random_uuid()',
  tasks_parent: 'parent_task_id = gen_random_uuid()',
  review_cards_of_task: 'task_id = gen_random_uuid()',
  policy_backtests_base: 'base_version = 99',
  policy_drafts_backtest: 'backtest_id = gen_random_uuid()',
  policy_drafts_became: `policy_version = 99, state = 'LIVE', looser = false, proposed_by = 'x', proposed_at = now(), proposed_over = 1, closed_at = now()`,
  shadow_verdicts_of_draft: 'draft_id = gen_random_uuid()',
  audit_checkpoints_of_event: 'sequence = 99999',
  checkpoint_deliveries_upto: 'sequence = 99999',
  approval_receipts_of_card: 'review_id = gen_random_uuid()',
  receipt_uses_of_receipt: 'review_id = gen_random_uuid()',
};

interface Constraint {
  readonly table: string;
  readonly name: string;
}

function named(
  options: (typeof schemas)[number]['options'],
  list: 'checks' | 'foreignKeys',
): readonly Constraint[] {
  return (options[list] ?? []).map(({ name = '' }) => ({ table: options.name, name }));
}

describe('the constraints', () => {
  let bench: Bench;
  let desk: Desk;

  beforeAll(async () => {
    bench = await openBench();
    desk = await bench.open();
    await aFullTenant(bench, desk);
    await bench.sql.query(`INSERT INTO admin_key (key_hash, created_at) VALUES ('x', now())`);
    // Without its triggers the database has only the constraints to refuse with.
    for (const { options } of schemas) await withoutGuards(bench.sql, options.name);
  });
  afterAll(() => bench.drop());

  const checks = schemas.flatMap(({ options }) => named(options, 'checks'));

  it('are each tried below', () => {
    expect(Object.keys(violations).toSorted()).toEqual(checks.map(({ name }) => name).toSorted());
  });

  it.each(checks)('of $table: $name refuses what breaks it', async ({ table, name }) => {
    const violation = violations[name];
    if (violation === undefined) throw new Error(`Nothing here breaks ${name}.`);
    const { set, where = 'true' } = typeof violation === 'string' ? { set: violation } : violation;
    const { rows } = await bench.sql.query<{ count: string }>(`SELECT count(*) FROM ${table} WHERE ${where}`);
    expect(Number(rows[0]?.count)).toBeGreaterThan(0);
    await expect(bench.sql.query(`UPDATE ${table} SET ${set} WHERE ${where}`)).rejects.toMatchObject({
      code: '23514',
      constraint: name,
    });
  });

  it.each(schemas.flatMap(({ options }) => named(options, 'foreignKeys')))(
    'of $table: $name refuses what belongs to nothing',
    async ({ table, name }) => {
      const set = orphans[name] ?? `tenant_id = 't_nobody'`;
      const orphan = bench.sql.query(`UPDATE ${table} SET ${set}`);
      await expect(orphan).rejects.toMatchObject({ code: '23503' });
    },
  );
});
