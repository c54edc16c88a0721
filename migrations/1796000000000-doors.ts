import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who proposed what a card shows, whose place a key has taken, which end it had before another took its own, and when it was last
 * used. The version before may run on: it leaves the new columns empty, and an empty one means what was so before; that a
 * replaced key ends, it reads where it always did.
 */
export class Doors1796000000000 implements MigrationInterface {
  readonly name = 'Doors1796000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(doors);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}

/** No card that is there already has a proposer, so the constraint is true of all of them and need not read them under its lock. */
const doors = /* sql */ `
ALTER TABLE review_cards ADD COLUMN proposed_by text;
ALTER TABLE review_cards ADD CONSTRAINT review_cards_not_by_proposer
  CHECK (NOT (status = 'APPROVED' AND operator_id = proposed_by)) NOT VALID;

CREATE FUNCTION keep_proposer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'who proposed what card % shows cannot change', OLD.review_id USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER review_cards_keep_proposer BEFORE UPDATE ON review_cards FOR EACH ROW
  WHEN (NEW.proposed_by IS DISTINCT FROM OLD.proposed_by) EXECUTE FUNCTION keep_proposer();

ALTER TABLE api_keys ADD COLUMN holder_id uuid;
ALTER TABLE api_keys ADD COLUMN replaced_at timestamptz(3);
ALTER TABLE api_keys ADD COLUMN made_to_expire_at timestamptz(3);
ALTER TABLE api_keys ADD COLUMN last_used_at timestamptz(3);
ALTER TABLE api_keys ADD CONSTRAINT api_keys_holder
  FOREIGN KEY (tenant_id, holder_id) REFERENCES api_keys(tenant_id, key_id);
`;
