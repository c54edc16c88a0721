import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Policies on their way into force: drafts, what they are tried on, and what a shadow says of live results. */
export class PolicyDrafts1795600000000 implements MigrationInterface {
  readonly name = 'PolicyDrafts1795600000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(tables);
    await queryRunner.query(guards);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}

const tables = /* sql */ `
CREATE TABLE policy_backtests (
  tenant_id text NOT NULL,
  backtest_id uuid NOT NULL,
  draft_id uuid,
  rules json NOT NULL,
  rules_digest text NOT NULL,
  base_version integer NOT NULL,
  from_at timestamptz(3) NOT NULL,
  to_at timestamptz(3) NOT NULL,
  state text NOT NULL,
  total integer,
  done integer NOT NULL,
  report json,
  error text,
  created_at timestamptz(3) NOT NULL,
  created_by text NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  finished_at timestamptz(3),
  version integer NOT NULL,
  CONSTRAINT policy_backtests_state_known CHECK (state IN ('QUEUED', 'RUNNING', 'DONE', 'FAILED')),
  CONSTRAINT policy_backtests_finished CHECK ((state IN ('DONE', 'FAILED')) = (finished_at IS NOT NULL)),
  CONSTRAINT policy_backtests_done_has_report CHECK ((state = 'DONE') = (report IS NOT NULL)),
  CONSTRAINT policy_backtests_pkey PRIMARY KEY (tenant_id, backtest_id)
);
CREATE INDEX policy_backtests_unfinished ON policy_backtests (updated_at) WHERE state IN ('QUEUED', 'RUNNING');
CREATE TABLE policy_drafts (
  tenant_id text NOT NULL,
  draft_id uuid NOT NULL,
  rules json NOT NULL,
  rules_digest text NOT NULL,
  note text,
  state text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  created_by text NOT NULL,
  shadowed_at timestamptz(3),
  looser boolean,
  proposed_at timestamptz(3),
  proposed_by text,
  proposed_over integer,
  backtest_id uuid,
  approved_at timestamptz(3),
  approved_by text,
  policy_version integer,
  closed_at timestamptz(3),
  version integer NOT NULL,
  CONSTRAINT policy_drafts_state_known CHECK (state IN ('DRAFT', 'SHADOW', 'LIVE', 'DISCARDED')),
  CONSTRAINT policy_drafts_shadowed CHECK (state <> 'SHADOW' OR shadowed_at IS NOT NULL),
  CONSTRAINT policy_drafts_proposed CHECK ((proposed_by IS NULL) = (proposed_at IS NULL) AND (proposed_by IS NULL) = (looser IS NULL) AND (proposed_by IS NULL) = (proposed_over IS NULL)),
  CONSTRAINT policy_drafts_four_eyes CHECK (approved_by IS NULL OR (proposed_by IS NOT NULL AND approved_by <> proposed_by)),
  CONSTRAINT policy_drafts_looser_approved CHECK (state <> 'LIVE' OR (looser IS NOT NULL AND (NOT looser OR (approved_by IS NOT NULL AND backtest_id IS NOT NULL)))),
  CONSTRAINT policy_drafts_live CHECK ((state = 'LIVE') = (policy_version IS NOT NULL)),
  CONSTRAINT policy_drafts_closed CHECK ((state IN ('LIVE', 'DISCARDED')) = (closed_at IS NOT NULL)),
  CONSTRAINT policy_drafts_pkey PRIMARY KEY (tenant_id, draft_id)
);
CREATE INDEX policy_drafts_shadow ON policy_drafts (tenant_id, draft_id) WHERE state = 'SHADOW';
CREATE TABLE shadow_verdicts (
  tenant_id text NOT NULL,
  draft_id uuid NOT NULL,
  result_id uuid NOT NULL,
  task_id uuid NOT NULL,
  review_id uuid,
  kind text NOT NULL,
  live text NOT NULL,
  shadow text NOT NULL,
  detectors text[] NOT NULL,
  judged_at timestamptz(3) NOT NULL,
  CONSTRAINT shadow_verdicts_outcomes CHECK (live IN ('APPROVE', 'HITL', 'DENY', 'RETRY') AND shadow IN ('APPROVE', 'HITL', 'DENY', 'RETRY')),
  CONSTRAINT shadow_verdicts_pkey PRIMARY KEY (tenant_id, draft_id, result_id)
);
CREATE INDEX shadow_verdicts_differing ON shadow_verdicts (tenant_id, draft_id, live, shadow, result_id) WHERE live <> shadow;
CREATE INDEX shadow_verdicts_age ON shadow_verdicts (judged_at);
ALTER TABLE policy_backtests ADD CONSTRAINT policy_backtests_base FOREIGN KEY (tenant_id, base_version) REFERENCES policies(tenant_id,version);
ALTER TABLE policy_drafts ADD CONSTRAINT policy_drafts_tenant FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id);
ALTER TABLE policy_drafts ADD CONSTRAINT policy_drafts_backtest FOREIGN KEY (tenant_id, backtest_id) REFERENCES policy_backtests(tenant_id,backtest_id);
ALTER TABLE policy_drafts ADD CONSTRAINT policy_drafts_became FOREIGN KEY (tenant_id, policy_version) REFERENCES policies(tenant_id,version);
ALTER TABLE shadow_verdicts ADD CONSTRAINT shadow_verdicts_of_draft FOREIGN KEY (tenant_id, draft_id) REFERENCES policy_drafts(tenant_id,draft_id);
`;

const guards = /* sql */ `
CREATE FUNCTION check_policy_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'DRAFT' OR NEW.proposed_by IS NOT NULL THEN
      RAISE EXCEPTION 'a new draft is DRAFT and nobody has proposed it' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.state IN ('LIVE', 'DISCARDED') THEN
    RAISE EXCEPTION 'draft % is % and stays so', OLD.draft_id, OLD.state USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.state = 'SHADOW' AND NEW.state = 'DRAFT' THEN
    RAISE EXCEPTION 'draft % cannot go from SHADOW to DRAFT', OLD.draft_id USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.rules::text <> OLD.rules::text OR NEW.rules_digest <> OLD.rules_digest OR NEW.created_by <> OLD.created_by
     OR NEW.created_at <> OLD.created_at THEN
    RAISE EXCEPTION 'what draft % says cannot change', OLD.draft_id USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.approved_by IS NOT NULL AND (NEW.proposed_by IS DISTINCT FROM OLD.proposed_by
     OR NEW.backtest_id IS DISTINCT FROM OLD.backtest_id OR NEW.proposed_over IS DISTINCT FROM OLD.proposed_over) THEN
    RAISE EXCEPTION 'draft % is approved as it was proposed', OLD.draft_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER policy_drafts_lifecycle BEFORE INSERT OR UPDATE ON policy_drafts
  FOR EACH ROW EXECUTE FUNCTION check_policy_draft();
CREATE TRIGGER policy_drafts_stay BEFORE DELETE ON policy_drafts
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policy_drafts_no_truncate BEFORE TRUNCATE ON policy_drafts
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION check_policy_backtest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state IN ('DONE', 'FAILED') THEN
    RAISE EXCEPTION 'backtest % is % and stays so', OLD.backtest_id, OLD.state USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.rules::text <> OLD.rules::text OR NEW.rules_digest <> OLD.rules_digest OR NEW.base_version <> OLD.base_version
     OR NEW.from_at <> OLD.from_at OR NEW.to_at <> OLD.to_at OR NEW.created_by <> OLD.created_by THEN
    RAISE EXCEPTION 'what backtest % asks cannot change', OLD.backtest_id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER policy_backtests_lifecycle BEFORE UPDATE ON policy_backtests
  FOR EACH ROW EXECUTE FUNCTION check_policy_backtest();
CREATE TRIGGER policy_backtests_stay BEFORE DELETE ON policy_backtests
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policy_backtests_no_truncate BEFORE TRUNCATE ON policy_backtests
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER shadow_verdicts_no_update BEFORE UPDATE ON shadow_verdicts
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
`;
