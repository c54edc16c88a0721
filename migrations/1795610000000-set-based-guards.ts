import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The same guards at a fraction of their price: one check for all rows of a statement, where there was a function call and up
 * to two foreign-key lookups for each. Rows that a foreign key would protect from losing their parent need none: tasks and
 * heads of audit records are never deleted, and a tenant is kept by its head.
 */
export class SetBasedGuards1795610000000 implements MigrationInterface {
  readonly name = 'SetBasedGuards1795610000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(parents);
    await queryRunner.query(lifecycle);
    await queryRunner.query(estimates);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}

/**
 * Plans of these functions are made once, maybe for a single row, and must serve a batch of any size on tables of any size. For
 * the same reason they look for a row's relatives in scalar subqueries: PostgreSQL may hash all of a table for an EXISTS.
 */
const plannedForAnySize = `SET enable_seqscan = off SET enable_nestloop = off SET enable_hashjoin = on`;

const parents = /* sql */ `
CREATE FUNCTION check_tenants() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  nobody text;
BEGIN
  SELECT n.tenant_id INTO nobody FROM (SELECT DISTINCT tenant_id FROM new_rows) n
  WHERE NOT EXISTS (SELECT FROM audit_heads h WHERE h.tenant_id = n.tenant_id) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'there is no tenant % for a row of %', nobody, TG_TABLE_NAME USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION check_tasks_of_results() RETURNS trigger LANGUAGE plpgsql ${plannedForAnySize} AS $$
DECLARE
  nothing uuid;
BEGIN
  SELECT r.task_id INTO nothing FROM (
    SELECT n.task_id, (
      SELECT true FROM tasks t WHERE t.tenant_id = n.tenant_id AND t.task_id = n.task_id
    ) AS found FROM new_rows n
  ) r WHERE r.found IS NULL LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'there is no task % for a result', nothing USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER audit_events_of_tenant AFTER INSERT ON audit_events REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION check_tenants();
CREATE TRIGGER tasks_of_tenant AFTER INSERT ON tasks REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION check_tenants();
CREATE TRIGGER results_have_task AFTER INSERT ON results REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION check_tasks_of_results();
ALTER TABLE audit_events DROP CONSTRAINT audit_events_tenant;
ALTER TABLE tasks DROP CONSTRAINT tasks_tenant;
ALTER TABLE results DROP CONSTRAINT results_of_task;
`;

const lifecycle = /* sql */ `
CREATE FUNCTION check_new_tasks() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wrong text;
BEGIN
  SELECT n.status INTO wrong FROM new_rows n WHERE n.status <> 'QUEUED' LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'a new task is QUEUED, not %', wrong USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION check_changed_tasks() RETURNS trigger LANGUAGE plpgsql ${plannedForAnySize} AS $$
DECLARE
  refusal text;
BEGIN
  SELECT c.refusal INTO refusal FROM (
    SELECT CASE
      WHEN o.task_id IS NULL THEN
        format('the name of task %s cannot change', n.task_id)
      WHEN NOT task_may_go(o.status, n.status) THEN
        format('task %s cannot go from %s to %s', n.task_id, o.status, n.status)
      WHEN n.attempt < o.attempt THEN
        format('the attempt of task %s cannot go back', n.task_id)
      WHEN n.kind <> o.kind OR n.created_at <> o.created_at OR n.trace_id <> o.trace_id THEN
        format('what was submitted as task %s cannot change', n.task_id)
      WHEN n.stage = 'EXECUTE' AND NOT has_approved_card(n) THEN
        format('task %s has no approved card', n.task_id)
      WHEN n.status = 'SUCCEEDED' AND (
        SELECT r.decision ->> 'outcome' = 'APPROVE' OR has_approved_card(n) FROM results r
        WHERE r.tenant_id = n.tenant_id AND r.result_id = n.result_id AND r.task_id = n.task_id
      ) IS NOT TRUE THEN
        format('task %s has no result that was released', n.task_id)
    END AS refusal
    FROM new_rows n LEFT JOIN old_rows o ON o.tenant_id = n.tenant_id AND o.task_id = n.task_id
  ) c WHERE c.refusal IS NOT NULL LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '%', refusal USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;

DROP TRIGGER tasks_lifecycle ON tasks;
CREATE TRIGGER tasks_begin_queued AFTER INSERT ON tasks REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION check_new_tasks();
CREATE TRIGGER tasks_lifecycle AFTER UPDATE ON tasks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION check_changed_tasks();
DROP FUNCTION check_task();
`;

/**
 * Until a table has been analysed for the first time, the planner believes that a tenant has but a handful of rows, that any
 * index which begins with the tenant is as good as the one that names the row, and keeps such a plan while the table grows. So it
 * is told that the rows are one tenant's. Releases before 18 have no way to say so; there the first analysis sets it right.
 */
const estimates = /* sql */ `
DO $$
DECLARE
  named record;
BEGIN
  IF current_setting('server_version_num')::integer < 180000 THEN
    RETURN;
  END IF;
  FOR named IN
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.reltuples < 0
      AND c.relname IN ('tasks', 'results', 'review_cards', 'audit_events', 'sessions', 'agents', 'registry_entries')
  LOOP
    PERFORM pg_restore_attribute_stats(
      'schemaname', named.nspname::text, 'relname', named.relname::text, 'attname', 'tenant_id', 'inherited', false,
      'null_frac', 0::real, 'avg_width', 20, 'n_distinct', 1::real
    );
  END LOOP;
END $$;
`;
