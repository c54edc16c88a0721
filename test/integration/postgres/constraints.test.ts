import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { schemas } from '../../../src/lib/postgres/schemas.js';
import { anAgent, anApiKey, aSession } from '../../unit/models/factories.js';
import {
  aTenant,
  approved,
  type Bench,
  claimed,
  type Desk,
  held,
  keep,
  openBench,
  queued,
  withoutGuards,
} from './bench.js';

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
  review_cards_edit_is_approved: 'edited = true',
  policies_version_positive: 'version = 0',
  audit_events_sequence_positive: 'sequence = 0',
  admin_key_one_row: '"only" = false',
  registry_entries_status: `status = 'OFFLINE'`,
  registry_entries_liveness: `liveness = 'DEAD'`,
  fleet_brakes_grace: 'releases_at = NULL',
};

/** What makes an orphan of a row whose parent is not its tenant. */
const orphans: Readonly<Record<string, string>> = {
  tasks_of_session: 'session_id = gen_random_uuid()',
  tasks_parent: 'parent_task_id = gen_random_uuid()',
  results_of_task: 'task_id = gen_random_uuid()',
  review_cards_of_task: 'task_id = gen_random_uuid()',
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
    const tenantId = await aTenant(desk.ledger);
    await keep(desk.ledger, 'session', [aSession({ tenantId })]);
    await keep(desk.ledger, 'agent', [anAgent({ tenantId })]);
    await keep(desk.ledger, 'apiKey', [anApiKey({ tenantId })]);
    await held(desk.ledger, { tenantId });
    await approved(desk.ledger, { tenantId });
    await claimed(desk.ledger, await queued(desk.ledger, { tenantId }));
    await bench.sql.query(`INSERT INTO admin_key (key_hash, created_at) VALUES ('x', now())`);
    await bench.sql.query(
      `INSERT INTO registry_entries (tenant_id, agent_id, facts, status, last_seen, liveness) VALUES ($1, 'a', '{"capabilities": ["x"]}', 'IDLE', now(), 'PRESENT')`,
      [tenantId],
    );
    await bench.sql.query(`INSERT INTO fleet_brakes VALUES ($1, now(), now(), 3, 4, 1)`, [tenantId]);
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
