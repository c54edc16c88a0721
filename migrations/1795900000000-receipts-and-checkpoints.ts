import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Signed checkpoints of the audit record, and signed receipts of approvals, each of which releases one task once. */
export class ReceiptsAndCheckpoints1795900000000 implements MigrationInterface {
  readonly name = 'ReceiptsAndCheckpoints1795900000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(tables);
    await queryRunner.query(guards);
    await queryRunner.query(rule);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}

const tables = /* sql */ `
CREATE TABLE audit_checkpoints (
  tenant_id text NOT NULL,
  sequence bigint NOT NULL,
  hash text NOT NULL,
  previous_digest text NOT NULL,
  at timestamptz(3) NOT NULL,
  key_id text NOT NULL,
  signature text NOT NULL,
  digest text NOT NULL,
  CONSTRAINT audit_checkpoints_sequence_positive CHECK (sequence >= 1),
  CONSTRAINT audit_checkpoints_pkey PRIMARY KEY (tenant_id, sequence)
);
CREATE UNIQUE INDEX audit_checkpoints_unforked ON audit_checkpoints (tenant_id, previous_digest);
CREATE TABLE checkpoint_deliveries (
  tenant_id text NOT NULL,
  sink text NOT NULL,
  sequence bigint NOT NULL,
  delivered_at timestamptz(3) NOT NULL,
  CONSTRAINT checkpoint_deliveries_pkey PRIMARY KEY (tenant_id, sink)
);
CREATE TABLE approval_receipts (
  tenant_id text NOT NULL,
  review_id uuid NOT NULL,
  task_id uuid NOT NULL,
  result_id uuid NOT NULL,
  output_digest text NOT NULL,
  edited boolean NOT NULL,
  policy_version integer NOT NULL,
  card_digest text NOT NULL,
  operator_id text NOT NULL,
  decided_at timestamptz(3) NOT NULL,
  sequence bigint NOT NULL,
  hash text NOT NULL,
  key_id text NOT NULL,
  signature text NOT NULL,
  CONSTRAINT approval_receipts_pkey PRIMARY KEY (tenant_id, review_id)
);
CREATE TABLE receipt_uses (
  tenant_id text NOT NULL,
  review_id uuid NOT NULL,
  task_id uuid NOT NULL,
  result_id uuid NOT NULL,
  used_at timestamptz(3) NOT NULL,
  CONSTRAINT receipt_uses_pkey PRIMARY KEY (tenant_id, review_id)
);
CREATE TABLE receipt_rule (
  "only" boolean NOT NULL DEFAULT true,
  since timestamptz(3) NOT NULL,
  CONSTRAINT receipt_rule_one_row CHECK ("only"),
  CONSTRAINT receipt_rule_pkey PRIMARY KEY ("only")
);
ALTER TABLE audit_checkpoints ADD CONSTRAINT audit_checkpoints_of_event FOREIGN KEY (tenant_id, sequence) REFERENCES audit_events(tenant_id,sequence);
ALTER TABLE checkpoint_deliveries ADD CONSTRAINT checkpoint_deliveries_upto FOREIGN KEY (tenant_id, sequence) REFERENCES audit_checkpoints(tenant_id,sequence);
ALTER TABLE approval_receipts ADD CONSTRAINT approval_receipts_of_card FOREIGN KEY (tenant_id, review_id) REFERENCES review_cards(tenant_id,review_id);
ALTER TABLE receipt_uses ADD CONSTRAINT receipt_uses_of_receipt FOREIGN KEY (tenant_id, review_id) REFERENCES approval_receipts(tenant_id,review_id);
`;

/**
 * A release is bound to its receipt here and not in the program, so that no program can forget it: coming to stage EXECUTE needs
 * the receipt, and succeeding by it uses it up, in the transaction of the release.
 */
const guards = /* sql */ `
CREATE FUNCTION check_audit_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last audit_checkpoints;
BEGIN
  SELECT * INTO last FROM audit_checkpoints c WHERE c.tenant_id = NEW.tenant_id ORDER BY c.sequence DESC LIMIT 1;
  IF NEW.previous_digest <> COALESCE(last.digest, 'sha256:' || repeat('0', 64)) OR NEW.sequence <= COALESCE(last.sequence, 0) THEN
    RAISE EXCEPTION 'checkpoint % of % does not follow the last one', NEW.sequence, NEW.tenant_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER audit_checkpoints_follow BEFORE INSERT ON audit_checkpoints
  FOR EACH ROW EXECUTE FUNCTION check_audit_checkpoint();
CREATE TRIGGER audit_checkpoints_append_only BEFORE UPDATE OR DELETE ON audit_checkpoints
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_checkpoints_no_truncate BEFORE TRUNCATE ON audit_checkpoints
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION check_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM review_cards c
    WHERE c.tenant_id = NEW.tenant_id AND c.review_id = NEW.review_id AND c.task_id = NEW.task_id AND c.result_id = NEW.result_id
      AND c.status = 'APPROVED' AND c.output_digest = NEW.output_digest AND c.operator_id = NEW.operator_id
      AND c.resolution_at = NEW.decided_at AND c.policy_version = NEW.policy_version AND c.edited = NEW.edited
  ) THEN
    RAISE EXCEPTION 'the receipt of card % says something else than the card', NEW.review_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER approval_receipts_true BEFORE INSERT ON approval_receipts
  FOR EACH ROW EXECUTE FUNCTION check_receipt();
CREATE TRIGGER approval_receipts_append_only BEFORE UPDATE OR DELETE ON approval_receipts
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER approval_receipts_no_truncate BEFORE TRUNCATE ON approval_receipts
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER receipt_uses_append_only BEFORE UPDATE OR DELETE ON receipt_uses
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER receipt_uses_no_truncate BEFORE TRUNCATE ON receipt_uses
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER receipt_rule_stays BEFORE UPDATE OR DELETE ON receipt_rule
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER receipt_rule_no_truncate BEFORE TRUNCATE ON receipt_rule
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION approved_without_receipt(t tasks) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT NOT EXISTS (
    SELECT FROM approval_receipts p WHERE p.tenant_id = t.tenant_id AND p.review_id = t.review_id AND p.task_id = t.task_id
  ) AND NOT EXISTS (
    SELECT FROM review_cards c JOIN receipt_rule r ON c.resolution_at < r.since
    WHERE c.tenant_id = t.tenant_id AND c.review_id = t.review_id
  )
$$;

CREATE FUNCTION require_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF approved_without_receipt(NEW) THEN
    RAISE EXCEPTION 'the approval of task % has no receipt', NEW.task_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER tasks_need_receipt AFTER UPDATE ON tasks FOR EACH ROW
  WHEN (NEW.stage = 'EXECUTE' AND OLD.stage <> 'EXECUTE') EXECUTE FUNCTION require_receipt();

CREATE FUNCTION use_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  released results;
BEGIN
  SELECT * INTO released FROM results r WHERE r.tenant_id = NEW.tenant_id AND r.result_id = NEW.result_id;
  IF NEW.stage <> 'EXECUTE' AND released.decision ->> 'outcome' = 'APPROVE' THEN
    RETURN NULL;
  END IF;
  INSERT INTO receipt_uses (tenant_id, review_id, task_id, result_id, used_at)
  SELECT p.tenant_id, p.review_id, p.task_id, NEW.result_id, NEW.completed_at FROM approval_receipts p
  WHERE p.tenant_id = NEW.tenant_id AND p.review_id = NEW.review_id AND p.task_id = NEW.task_id
    AND CASE WHEN NEW.stage = 'EXECUTE' THEN p.output_digest = released.output_digest ELSE p.result_id = NEW.result_id END;
  IF NOT FOUND AND (approved_without_receipt(NEW) OR EXISTS (
    SELECT FROM approval_receipts p WHERE p.tenant_id = NEW.tenant_id AND p.review_id = NEW.review_id
  )) THEN
    RAISE EXCEPTION 'no receipt releases the result of task %', NEW.task_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tasks_use_receipt AFTER UPDATE ON tasks FOR EACH ROW
  WHEN (NEW.status = 'SUCCEEDED' AND OLD.status <> 'SUCCEEDED' AND NEW.review_id IS NOT NULL)
  EXECUTE FUNCTION use_receipt();
`;

/**
 * From when on an approval has a receipt. Processes of the version before write none and may go on for a while beside the new
 * ones; what they approve within a day, and what was approved before, is released as it was then.
 */
const rule = /* sql */ `
INSERT INTO receipt_rule (since)
SELECT CASE WHEN EXISTS (SELECT FROM tenants) THEN clock_timestamp() + interval '1 day' ELSE clock_timestamp() END;
`;
