import pg from 'pg';
import type { TaskStatus } from '../../src/models/task.js';
import type { LedgerTask, LedgerTenant, TrailEvent } from './account.js';

/** Tasks that one query brings. */
const stride = 2_000;

interface TaskRow {
  readonly task_id: string;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly on_approval: string;
  readonly trail: readonly (readonly [string, string | null, string | null])[] | null;
  readonly results: readonly (readonly [number, string])[] | null;
}

/** Reads the database of a run: not through the API, which is what is being checked. */
export class LedgerFacts {
  private constructor(private readonly client: pg.Client) {}

  static async read<T>(databaseUrl: string, use: (facts: LedgerFacts) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      return await use(new LedgerFacts(client));
    } finally {
      await client.end();
    }
  }

  /** Every task of the tenant with its events, results and cards, in the order of their ids. */
  async *tasks(tenantId: string): AsyncGenerator<LedgerTask> {
    const cards = await this.cards(tenantId);
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const { rows } = await this.client.query<TaskRow>(tasksAfter, [tenantId, after, stride]);
      for (const row of rows) {
        yield {
          tenantId,
          taskId: row.task_id,
          status: row.status,
          attempt: row.attempt,
          onApproval: row.on_approval,
          trail: (row.trail ?? []).map(([type, stage, decision]): TrailEvent => ({ type, stage, decision })),
          results: (row.results ?? []).map(([attempt, taskStatus]) => ({ attempt, taskStatus })),
          cards: cards.get(row.task_id) ?? [],
        };
      }
      const last = rows.at(-1);
      if (!last || rows.length < stride) return;
      after = last.task_id;
    }
  }

  /** The record of the tenant as a whole, but for what the API says about it. */
  async tenant(tenantId: string): Promise<Omit<LedgerTenant, 'verified'>> {
    const { rows } = await this.client.query<{
      events: number;
      last_sequence: number;
      registrations: number;
      task_events: number;
    }>(
      `SELECT count(*)::int AS events, coalesce(max(sequence), 0)::int AS last_sequence,
              count(task_id)::int AS task_events,
              count(*) FILTER (WHERE type = 'agent.registered')::int AS registrations
         FROM audit_events WHERE tenant_id = $1`,
      [tenantId],
    );
    const [row] = rows;
    if (!row) throw new Error('A count has no row.');
    return {
      tenantId,
      events: row.events,
      lastSequence: row.last_sequence,
      registrations: row.registrations,
      taskEvents: row.task_events,
    };
  }

  private async cards(tenantId: string): Promise<Map<string, readonly string[]>> {
    const { rows } = await this.client.query<{ task_id: string; states: string[] }>(
      'SELECT task_id, array_agg(status) AS states FROM review_cards WHERE tenant_id = $1 GROUP BY task_id',
      [tenantId],
    );
    return new Map(rows.map(({ task_id, states }) => [task_id, states]));
  }
}

const tasksAfter = /* sql */ `
SELECT t.task_id, t.status, t.attempt, t.on_approval, e.trail, r.results
  FROM tasks t
  LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(a.type, a.payload ->> 'stage', a.payload ->> 'status') ORDER BY a.sequence) AS trail
      FROM audit_events a WHERE a.tenant_id = t.tenant_id AND a.task_id = t.task_id
  ) e ON true
  LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(x.attempt, x.task_status)) AS results
      FROM results x WHERE x.tenant_id = t.tenant_id AND x.task_id = t.task_id
  ) r ON true
 WHERE t.tenant_id = $1 AND t.task_id > $2::uuid
 ORDER BY t.task_id LIMIT $3`;
