import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How many decisions the backtest of a proposal has replayed, so that who approves it sees it. The version before may run on: it
 * leaves the column empty, which means that nobody counted.
 */
export class ReplayedDecisions1796150000000 implements MigrationInterface {
  readonly name = 'ReplayedDecisions1796150000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(replayed);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}

const replayed = /* sql */ `
ALTER TABLE policy_drafts ADD COLUMN replayed integer;
ALTER TABLE policy_drafts ADD CONSTRAINT policy_drafts_replayed
  CHECK (replayed IS NULL OR (replayed >= 0 AND backtest_id IS NOT NULL));

CREATE FUNCTION keep_replayed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'draft % is approved as it was proposed', OLD.draft_id USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER policy_drafts_keep_replayed BEFORE UPDATE ON policy_drafts FOR EACH ROW
  WHEN (NEW.approved_by IS NOT NULL AND NEW.replayed IS DISTINCT FROM OLD.replayed) EXECUTE FUNCTION keep_replayed();
`;
