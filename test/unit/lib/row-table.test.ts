import { beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { Conditions } from '../../../src/lib/postgres/row-table.js';
import { schemas } from '../../../src/lib/postgres/schemas.js';
import { PayloadSeal } from '../../../src/lib/postgres/payload-seal.js';
import { type Tables, tablesOf } from '../../../src/lib/postgres/tables.js';

/** The mapping alone: nothing connects. */
class Mapping extends DataSource {
  static async built(): Promise<Mapping> {
    const mapping = new Mapping({ type: 'postgres', entities: schemas });
    await mapping.buildMetadatas();
    return mapping;
  }
}

describe('the SQL of a table', () => {
  let tables: Tables;
  beforeAll(async () => {
    tables = tablesOf(await Mapping.built(), new PayloadSeal([]));
  });

  it('finds a row to update by its whole key and the version that was read', () => {
    for (const table of [tables.task, tables.review, tables.session, tables.agent, tables.apiKey]) {
      expect(table.update.text).toMatch(
        / WHERE t\.tenant_id = r\."tenantId" AND t\.\w+ = r\."\w+" AND t\.version = r\."storedVersion" RETURNING 1/,
      );
    }
  });

  it('never writes over what a person was shown, or what was submitted', () => {
    const assigned = (sql: string) => /SET (.*) FROM json_to_recordset/.exec(sql)?.[1] ?? '';
    for (const column of ['tenant_id', 'input', 'kind', 'priority', 'created_at', 'request_digest'])
      expect(assigned(tables.task.update.text)).not.toMatch(new RegExp(`(^|, )${column} =`));
    for (const column of ['proposed_output', 'reasons', 'task_input', 'confidence', 'due_at'])
      expect(assigned(tables.review.update.text)).not.toMatch(new RegExp(`(^|, )${column} =`));
    expect(assigned(tables.task.update.text)).toMatch(/(^|, )version = r\."version"/);
  });

  it('takes rows as one parameter, typed by the mapping', () => {
    expect(tables.agent.insert.text).toMatch(
      /^INSERT INTO agents \(tenant_id, .*\) SELECT r\."tenantId", .* FROM json_to_recordset\(\$1::json\) AS r\(/,
    );
    expect(tables.agent.insert.text).toContain('"capabilities" text[]');
    expect(tables.agent.insert.text.match(/\$\d/g)).toEqual(['$1']);
  });

  it('reads bigints as numbers', () => {
    expect(tables.audit.select('e')).toContain('e.sequence::double precision AS "sequence"');
  });
});

describe('conditions', () => {
  it('are those whose value is there, each value a parameter', () => {
    const conditions = new Conditions()
      .add('tenant_id = ?', 't_one')
      .add('kind = ?', undefined)
      .add('(agent_id = ? OR assignee = ?)', "'; DROP TABLE tasks; --")
      .add('paused = ?', false);
    expect(conditions.where).toBe('tenant_id = $1 AND (agent_id = $2 OR assignee = $2) AND paused = $3');
    expect(conditions.parameters).toEqual(['t_one', "'; DROP TABLE tasks; --", false]);
    expect(conditions.parameter(50)).toBe('$4');
  });
});
