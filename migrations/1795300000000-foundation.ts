import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The first schema: tables, the rules that SQL can express, and the triggers that guard what must never change. */
export class Foundation1795300000000 implements MigrationInterface {
  readonly name = 'Foundation1795300000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(tables);
    await queryRunner.query(guards);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}

const tables = /* sql */ `
CREATE TABLE tenants (
  tenant_id text NOT NULL,
  name text,
  created_at timestamptz(3) NOT NULL,
  CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id)
);
CREATE TABLE api_keys (
  tenant_id text NOT NULL,
  key_id uuid NOT NULL,
  name text NOT NULL,
  role text NOT NULL,
  key_hash text NOT NULL,
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  created_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  CONSTRAINT api_keys_role CHECK (role IN ('OPERATOR', 'SUBMITTER', 'AGENT', 'AUDITOR')),
  CONSTRAINT api_keys_pkey PRIMARY KEY (tenant_id, key_id)
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (key_hash);
CREATE TABLE sessions (
  tenant_id text NOT NULL,
  session_id uuid NOT NULL,
  requested_by text,
  state text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  CONSTRAINT sessions_state CHECK (state IN ('CREATED', 'RUNNING', 'PAUSED', 'STOPPED')),
  CONSTRAINT sessions_pkey PRIMARY KEY (tenant_id, session_id)
);
CREATE TABLE agents (
  tenant_id text NOT NULL,
  agent_id text NOT NULL,
  name text,
  role text NOT NULL,
  agent_version text,
  capabilities text[] NOT NULL,
  max_concurrent_tasks integer NOT NULL,
  metadata json NOT NULL,
  paused boolean NOT NULL,
  removed boolean NOT NULL,
  registered_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  CONSTRAINT agents_role CHECK (role IN ('PLANNER', 'WORKER', 'JUDGE')),
  CONSTRAINT agents_pkey PRIMARY KEY (tenant_id, agent_id)
);
CREATE TABLE tasks (
  tenant_id text NOT NULL,
  task_id uuid NOT NULL,
  trace_id text NOT NULL,
  parent_task_id uuid,
  session_id uuid,
  kind text NOT NULL,
  input json,
  status text NOT NULL,
  stage text NOT NULL,
  priority integer NOT NULL,
  attempt integer NOT NULL,
  attempts_used integer NOT NULL,
  max_attempts integer NOT NULL,
  timeout_ms integer,
  on_approval text NOT NULL,
  agent_id text,
  review_id uuid,
  result_id uuid,
  feedback json,
  error json,
  lease_token text,
  lease_expires_at timestamptz(3),
  deadline_at timestamptz(3),
  available_at timestamptz(3) NOT NULL,
  idempotency_key text,
  request_digest text,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  started_at timestamptz(3),
  completed_at timestamptz(3),
  version integer NOT NULL,
  CONSTRAINT tasks_status_known CHECK (status IN ('QUEUED', 'RUNNING', 'NEEDS_REVIEW', 'APPROVED', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'BLOCKED', 'REJECTED', 'CANCELLED')),
  CONSTRAINT tasks_stage_known CHECK (stage IN ('PROPOSE', 'EXECUTE')),
  CONSTRAINT tasks_on_approval_known CHECK (on_approval IN ('EXECUTE', 'COMPLETE')),
  CONSTRAINT tasks_priority_range CHECK (priority BETWEEN 0 AND 100),
  CONSTRAINT tasks_attempts CHECK (attempt >= 0 AND attempts_used BETWEEN 0 AND max_attempts AND max_attempts >= 1),
  CONSTRAINT tasks_waiting_stage CHECK ((status <> 'QUEUED' OR stage = 'PROPOSE') AND (status <> 'APPROVED' OR stage = 'EXECUTE')),
  CONSTRAINT tasks_lease_while_running CHECK ((status = 'RUNNING') = (lease_token IS NOT NULL) AND (lease_token IS NULL) = (lease_expires_at IS NULL) AND (status <> 'RUNNING' OR agent_id IS NOT NULL)),
  CONSTRAINT tasks_completed_when_final CHECK ((status IN ('SUCCEEDED', 'FAILED', 'TIMED_OUT', 'BLOCKED', 'REJECTED', 'CANCELLED')) = (completed_at IS NOT NULL)),
  CONSTRAINT tasks_success_has_result CHECK (status <> 'SUCCEEDED' OR result_id IS NOT NULL),
  CONSTRAINT tasks_review_has_card CHECK ((status NOT IN ('NEEDS_REVIEW', 'REJECTED') AND stage <> 'EXECUTE') OR review_id IS NOT NULL),
  CONSTRAINT tasks_pkey PRIMARY KEY (tenant_id, task_id)
);
CREATE UNIQUE INDEX tasks_idempotency ON tasks (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX tasks_ready ON tasks (tenant_id, kind, task_id) WHERE status IN ('QUEUED', 'APPROVED');
CREATE INDEX tasks_lease ON tasks (lease_expires_at) WHERE status = 'RUNNING';
CREATE INDEX tasks_holder ON tasks (tenant_id, agent_id, task_id) WHERE status = 'RUNNING';
CREATE INDEX tasks_cancelled ON tasks (tenant_id, agent_id, completed_at) WHERE status = 'CANCELLED';
CREATE INDEX tasks_status ON tasks (tenant_id, status, task_id);
CREATE INDEX tasks_kind ON tasks (tenant_id, kind, task_id);
CREATE INDEX tasks_agent ON tasks (tenant_id, agent_id, task_id) WHERE agent_id IS NOT NULL;
CREATE INDEX tasks_session ON tasks (tenant_id, session_id, task_id) WHERE session_id IS NOT NULL;
CREATE INDEX tasks_unfinished ON tasks (tenant_id, session_id) WHERE session_id IS NOT NULL AND status IN ('QUEUED', 'RUNNING', 'NEEDS_REVIEW', 'APPROVED');
CREATE TABLE results (
  tenant_id text NOT NULL,
  result_id uuid NOT NULL,
  task_id uuid NOT NULL,
  attempt integer NOT NULL,
  stage text NOT NULL,
  agent_id text NOT NULL,
  lease_token text NOT NULL,
  status text NOT NULL,
  output json,
  output_digest text,
  confidence double precision,
  error json,
  decision json,
  submission_digest text NOT NULL,
  task_status text NOT NULL,
  review_id uuid,
  created_at timestamptz(3) NOT NULL,
  CONSTRAINT results_confidence_range CHECK (confidence BETWEEN 0 AND 1),
  CONSTRAINT results_judged CHECK (status = 'FAILED' OR stage = 'EXECUTE' OR (decision IS NOT NULL AND confidence IS NOT NULL AND output_digest IS NOT NULL)),
  CONSTRAINT results_pkey PRIMARY KEY (tenant_id, result_id)
);
CREATE UNIQUE INDEX results_lease ON results (tenant_id, lease_token);
CREATE UNIQUE INDEX results_attempt ON results (tenant_id, task_id, attempt);
CREATE TABLE review_cards (
  tenant_id text NOT NULL,
  review_id uuid NOT NULL,
  task_id uuid NOT NULL,
  result_id uuid NOT NULL,
  session_id uuid,
  agent_id text NOT NULL,
  kind text NOT NULL,
  reason text NOT NULL,
  reasons json NOT NULL,
  details text NOT NULL,
  status text NOT NULL,
  confidence double precision,
  rank integer NOT NULL,
  task_input json,
  proposed_output json,
  output_digest text NOT NULL,
  edited_output json,
  edited boolean NOT NULL,
  policy_version integer NOT NULL,
  assignee text,
  assigned_until timestamptz(3),
  operator_id text,
  comment text,
  created_at timestamptz(3) NOT NULL,
  due_at timestamptz(3) NOT NULL,
  resolution_at timestamptz(3),
  version integer NOT NULL,
  CONSTRAINT review_cards_status_known CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED', 'EXPIRED')),
  CONSTRAINT review_cards_resolved CHECK ((status = 'PENDING') = (resolution_at IS NULL)),
  CONSTRAINT review_cards_decided_by CHECK ((status IN ('APPROVED', 'REJECTED')) = (operator_id IS NOT NULL)),
  CONSTRAINT review_cards_edit_is_approved CHECK (NOT edited OR status = 'APPROVED'),
  CONSTRAINT review_cards_pkey PRIMARY KEY (tenant_id, review_id)
);
CREATE INDEX review_cards_status ON review_cards (tenant_id, status, review_id);
CREATE INDEX review_cards_rank ON review_cards (tenant_id, status, rank, review_id);
CREATE INDEX review_cards_due ON review_cards (due_at) WHERE status = 'PENDING';
CREATE UNIQUE INDEX review_cards_one_pending ON review_cards (tenant_id, task_id) WHERE status = 'PENDING';
CREATE UNIQUE INDEX review_cards_result ON review_cards (tenant_id, result_id);
CREATE TABLE policies (
  tenant_id text NOT NULL,
  version integer NOT NULL,
  confidence json NOT NULL,
  keywords json NOT NULL,
  patterns json NOT NULL,
  detectors json NOT NULL,
  topics json NOT NULL,
  kinds json NOT NULL,
  review_deadline_ms bigint NOT NULL,
  created_at timestamptz(3) NOT NULL,
  created_by text NOT NULL,
  CONSTRAINT policies_version_positive CHECK (version >= 1),
  CONSTRAINT policies_pkey PRIMARY KEY (tenant_id, version)
);
CREATE TABLE audit_events (
  tenant_id text NOT NULL,
  sequence bigint NOT NULL,
  event_id uuid NOT NULL,
  type text NOT NULL,
  at timestamptz(3) NOT NULL,
  actor_type text NOT NULL,
  actor_id text NOT NULL,
  task_id uuid,
  review_id uuid,
  agent_id text,
  session_id uuid,
  trace_id text,
  payload json NOT NULL,
  previous_hash text NOT NULL,
  hash text NOT NULL,
  CONSTRAINT audit_events_sequence_positive CHECK (sequence >= 1),
  CONSTRAINT audit_events_pkey PRIMARY KEY (tenant_id, sequence)
);
CREATE INDEX audit_events_task ON audit_events (tenant_id, task_id, sequence) WHERE task_id IS NOT NULL;
CREATE INDEX audit_events_review ON audit_events (tenant_id, review_id, sequence) WHERE review_id IS NOT NULL;
CREATE INDEX audit_events_session ON audit_events (tenant_id, session_id, sequence) WHERE session_id IS NOT NULL;
CREATE INDEX audit_events_type ON audit_events (tenant_id, type, sequence);
CREATE INDEX audit_events_actor ON audit_events (tenant_id, actor_id, sequence);
CREATE INDEX audit_events_at ON audit_events (tenant_id, at);
CREATE TABLE audit_heads (
  tenant_id text NOT NULL,
  sequence bigint NOT NULL,
  hash text NOT NULL,
  CONSTRAINT audit_heads_pkey PRIMARY KEY (tenant_id)
);
CREATE TABLE admin_key (
  "only" boolean NOT NULL DEFAULT true,
  key_hash text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  CONSTRAINT admin_key_one_row CHECK ("only"),
  CONSTRAINT admin_key_pkey PRIMARY KEY ("only")
);
CREATE TABLE registry_entries (
  tenant_id text NOT NULL,
  agent_id text NOT NULL,
  facts json NOT NULL,
  status text NOT NULL,
  last_seen timestamptz(3) NOT NULL,
  metrics json,
  liveness text NOT NULL,
  CONSTRAINT registry_entries_status CHECK (status IN ('ACTIVE', 'IDLE', 'BUSY')),
  CONSTRAINT registry_entries_liveness CHECK (liveness IN ('PRESENT', 'SUSPECT', 'OFFLINE')),
  CONSTRAINT registry_entries_pkey PRIMARY KEY (tenant_id, agent_id)
);
CREATE INDEX registry_entries_silence ON registry_entries (last_seen) WHERE liveness <> 'OFFLINE';
ALTER TABLE api_keys ADD CONSTRAINT api_keys_tenant FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id);
ALTER TABLE sessions ADD CONSTRAINT sessions_tenant FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id);
ALTER TABLE agents ADD CONSTRAINT agents_tenant FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id);
ALTER TABLE tasks ADD CONSTRAINT tasks_tenant FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id);
ALTER TABLE tasks ADD CONSTRAINT tasks_of_session FOREIGN KEY (tenant_id, session_id) REFERENCES sessions(tenant_id,session_id);
ALTER TABLE tasks ADD CONSTRAINT tasks_parent FOREIGN KEY (tenant_id, parent_task_id) REFERENCES tasks(tenant_id,task_id);
ALTER TABLE results ADD CONSTRAINT results_of_task FOREIGN KEY (tenant_id, task_id) REFERENCES tasks(tenant_id,task_id);
ALTER TABLE review_cards ADD CONSTRAINT review_cards_of_task FOREIGN KEY (tenant_id, task_id) REFERENCES tasks(tenant_id,task_id);
ALTER TABLE policies ADD CONSTRAINT policies_tenant FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id);
ALTER TABLE audit_events ADD CONSTRAINT audit_events_tenant FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id);
ALTER TABLE audit_heads ADD CONSTRAINT audit_heads_tenant FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id);
`;

const guards = /* sql */ `
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% rows are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER results_append_only BEFORE UPDATE OR DELETE ON results
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER results_no_truncate BEFORE TRUNCATE ON results
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policies_append_only BEFORE UPDATE OR DELETE ON policies
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policies_no_truncate BEFORE TRUNCATE ON policies
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION check_audit_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.sequence < OLD.sequence THEN
    RAISE EXCEPTION 'the audit record of % cannot get shorter', OLD.tenant_id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER audit_heads_forward BEFORE UPDATE ON audit_heads
  FOR EACH ROW EXECUTE FUNCTION check_audit_head();
CREATE TRIGGER audit_heads_stay BEFORE DELETE ON audit_heads
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_heads_no_truncate BEFORE TRUNCATE ON audit_heads
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION task_may_go(from_status text, to_status text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT to_status = ANY (CASE from_status
    WHEN 'QUEUED' THEN ARRAY['QUEUED', 'RUNNING', 'CANCELLED']
    WHEN 'RUNNING' THEN ARRAY['RUNNING', 'QUEUED', 'APPROVED', 'NEEDS_REVIEW', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'BLOCKED', 'CANCELLED']
    WHEN 'NEEDS_REVIEW' THEN ARRAY['NEEDS_REVIEW', 'APPROVED', 'SUCCEEDED', 'REJECTED', 'CANCELLED']
    WHEN 'APPROVED' THEN ARRAY['APPROVED', 'RUNNING', 'CANCELLED']
    ELSE ARRAY[]::text[]
  END)
$$;

CREATE FUNCTION has_approved_card(t tasks) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM review_cards c
    WHERE c.tenant_id = t.tenant_id AND c.review_id = t.review_id AND c.task_id = t.task_id AND c.status = 'APPROVED'
  )
$$;

CREATE FUNCTION check_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NOT task_may_go(OLD.status, NEW.status) THEN
      RAISE EXCEPTION 'task % cannot go from % to %', OLD.task_id, OLD.status, NEW.status USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.attempt < OLD.attempt THEN
      RAISE EXCEPTION 'the attempt of task % cannot go back', OLD.task_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind <> OLD.kind OR NEW.created_at <> OLD.created_at OR NEW.trace_id <> OLD.trace_id THEN
      RAISE EXCEPTION 'what was submitted as task % cannot change', OLD.task_id USING ERRCODE = 'check_violation';
    END IF;
  ELSIF NEW.status <> 'QUEUED' THEN
    RAISE EXCEPTION 'a new task is QUEUED, not %', NEW.status USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.stage = 'EXECUTE' AND NOT has_approved_card(NEW) THEN
    RAISE EXCEPTION 'task % has no approved card', NEW.task_id USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.status = 'SUCCEEDED' AND NOT EXISTS (
    SELECT FROM results r
    WHERE r.tenant_id = NEW.tenant_id AND r.result_id = NEW.result_id AND r.task_id = NEW.task_id
      AND (r.decision ->> 'outcome' = 'APPROVE' OR has_approved_card(NEW))
  ) THEN
    RAISE EXCEPTION 'task % has no result that was released', NEW.task_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER tasks_lifecycle BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION check_task();
CREATE TRIGGER tasks_stay BEFORE DELETE ON tasks FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tasks_no_truncate BEFORE TRUNCATE ON tasks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION check_review_card() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'PENDING' THEN
      RAISE EXCEPTION 'a new card is PENDING, not %', NEW.status USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.status <> 'PENDING' THEN
    RAISE EXCEPTION 'card % has been decided', OLD.review_id USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.proposed_output::text IS DISTINCT FROM OLD.proposed_output::text OR NEW.task_id <> OLD.task_id
     OR NEW.result_id <> OLD.result_id OR (NOT NEW.edited AND NEW.output_digest <> OLD.output_digest) THEN
    RAISE EXCEPTION 'what card % shows cannot change', OLD.review_id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER review_cards_decided_once BEFORE INSERT OR UPDATE ON review_cards
  FOR EACH ROW EXECUTE FUNCTION check_review_card();
CREATE TRIGGER review_cards_stay BEFORE DELETE ON review_cards
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER review_cards_no_truncate BEFORE TRUNCATE ON review_cards
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
`;
