import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How many of a tenant's tasks are open, beside the end of its record. The version before may run on: it moves the end and not
 * the count, so the count names the event that it was taken at, and one that stayed behind is taken anew.
 */
export class OpenTasks1795700000000 implements MigrationInterface {
  readonly name = 'OpenTasks1795700000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(openTasks);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}

const openTasks = /* sql */ `
ALTER TABLE audit_heads
  ADD COLUMN open_tasks bigint NOT NULL DEFAULT 0,
  ADD COLUMN open_tasks_at bigint NOT NULL DEFAULT 0;
`;
