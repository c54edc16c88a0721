import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Of two processes that seal one record at the same moment the slower one finds the place taken, as `audit_checkpoints_unforked`
 * has it, and not a checkpoint that follows nothing: whether one follows is asked when it lies among the others.
 */
export class CheckpointsMeet1796200000000 implements MigrationInterface {
  readonly name = 'CheckpointsMeet1796200000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(follow);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}

const follow = /* sql */ `
CREATE OR REPLACE FUNCTION check_audit_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before audit_checkpoints;
BEGIN
  SELECT * INTO before FROM audit_checkpoints c
    WHERE c.tenant_id = NEW.tenant_id AND c.sequence <> NEW.sequence ORDER BY c.sequence DESC LIMIT 1;
  IF NEW.previous_digest <> COALESCE(before.digest, 'sha256:' || repeat('0', 64)) OR NEW.sequence < COALESCE(before.sequence, 0) THEN
    RAISE EXCEPTION 'checkpoint % of % does not follow the last one', NEW.sequence, NEW.tenant_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER audit_checkpoints_follow ON audit_checkpoints;
CREATE TRIGGER audit_checkpoints_follow AFTER INSERT ON audit_checkpoints
  FOR EACH ROW EXECUTE FUNCTION check_audit_checkpoint();
`;
