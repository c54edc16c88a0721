import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The ledger sends a batch's writes together with their commit, and cannot look at what they changed in between: the database
 * itself refuses an update that has changed other rows than it was meant to.
 */
export class ExpectedRows1795500000000 implements MigrationInterface {
  readonly name = 'ExpectedRows1795500000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(expectRows);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}

const expectRows = /* sql */ `
CREATE FUNCTION expect_rows(changed_table text, changed bigint, expected integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF changed <> expected THEN
    RAISE EXCEPTION '% rows of % were changed from outside the ledger', expected - changed, changed_table
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
END $$;
`;
